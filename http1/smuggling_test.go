package http1_test

import (
	"regexp"
	"strings"
	"testing"

	"eddy/internal/smuggling"
)

// TestSmuggling_FindsNoSecondRequest reads every trick as a whole, in two pieces and byte by
// byte: what it hides is part of a body, or never read.
func TestSmuggling_FindsNoSecondRequest(t *testing.T) {
	refused := regexp.MustCompile(`[45]\d\d$`)
	for _, c := range smuggling.Cases() {
		at := 0
		for pieces := range splits([]byte(c.Send)) {
			if at++; at > 1 && len(pieces) == 2 && at%7 != 0 {
				continue // other tests split at every place
			}
			log := requests(t, &defaults, pieces...)
			bad, heads := refused.MatchString(log), strings.Count(log, "host=")
			switch {
			case strings.Contains(log, smuggling.Hidden+"|"):
				t.Errorf("%s: the hidden request was found: %s", c.Name, log)
			case c.One && (bad || heads != 1):
				t.Errorf("%s: %s, want one request", c.Name, log)
			case !c.One && (!bad || heads > 1):
				t.Errorf("%s: %s, want none", c.Name, log)
			}
		}
	}
}

// TestSmuggling_CasesAreMany keeps the corpus from becoming empty unnoticed.
func TestSmuggling_CasesAreMany(t *testing.T) {
	names, ones := map[string]bool{}, 0
	for _, c := range smuggling.Cases() {
		if names[c.Name] {
			t.Errorf("two cases are called %s", c.Name)
		}
		names[c.Name] = true
		if c.One {
			ones++
		}
	}
	if len(names) < 1500 || ones < 50 || ones > len(names)/2 {
		t.Errorf("%d cases, %d of them in order", len(names), ones)
	}
}
