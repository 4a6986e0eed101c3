package http1_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"eddy/http1"
)

// TestError_EachIsWellFormed looks at every error that the package can return.
func TestError_EachIsWellFormed(t *testing.T) {
	section := regexp.MustCompile(`^RFC (9110|9112|6585|3875) §[1-9][0-9]*(\.[1-9][0-9]*)*$`)
	statuses := map[int]bool{400: true, 413: true, 414: true, 431: true, 501: true, 502: true, 505: true}
	seen := map[string]bool{}
	for _, e := range http1.Faults() {
		if !section.MatchString(e.Section) {
			t.Errorf("%s: section %q", e.Reason, e.Section)
		}
		if e.Side == http1.Local && e.Status != 500 || e.Side == http1.Remote && !statuses[e.Status] {
			t.Errorf("%s: side %d, status %d", e.Reason, e.Side, e.Status)
		}
		if seen[e.Error()] {
			t.Errorf("two errors say %q", e)
		}
		seen[e.Error()] = true
	}
}

// TestError_EachIsReached runs all cases and wants to meet every error: none is dead. A
// fault that has a status for servers must be met in one.
func TestError_EachIsReached(t *testing.T) {
	met := map[string]bool{}
	sawFault = func(e *http1.Error) { met[fmt.Sprintf("%d %s", e.Status, e)] = true }
	defer func() { sawFault = func(*http1.Error) {} }()
	for _, c := range corpus() {
		// What is seen first depends on how much is there.
		c.read(t, []byte(c.send))
		if len(c.send) < 10_000 {
			c.read(t, bytewise([]byte(c.send))...)
		}
	}
	for _, c := range misuses {
		var fault *http1.Error
		if errors.As(c.call(), &fault) {
			sawFault(fault)
		}
	}
	for _, e := range http1.Faults() {
		if !met[fmt.Sprintf("%d %s", e.Status, e)] {
			t.Errorf("no case has %d %q", e.Status, e)
		}
	}
}

// TestError_AreDocumented holds the table of README.md against the errors.
func TestError_AreDocumented(t *testing.T) {
	var want strings.Builder
	want.WriteString("\n| what is wrong | status | rule |\n| --- | --- | --- |\n")
	for _, e := range http1.Faults() {
		if e.Side == http1.Remote {
			fmt.Fprintf(&want, "| %s | %d | %s |\n", e.Reason, e.Status, e.Section)
		}
	}
	want.WriteString("\n| what a caller did | rule |\n| --- | --- |\n")
	for _, e := range http1.Faults() {
		if e.Side == http1.Local {
			fmt.Fprintf(&want, "| %s | %s |\n", e.Reason, e.Section)
		}
	}
	want.WriteString("\n")
	checkReadme(t, "errors", want.String())
}
