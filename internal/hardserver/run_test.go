package hardserver_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"eddy/internal/hardserver"
)

// otherwise is what net/http does that the table calls wrong, and why.
var otherwise = map[string]string{
	"coding: HTTP/1.0": "it takes the chunks for the body",

	"status line: status 099":                        "any number of three characters is a status",
	"status line: status 000":                        "any number of three characters is a status",
	`status line: "HTTP/1.1 +20 OK"`:                 "any number of three characters is a status",
	`status line: "HTTP/2.0 200 OK"`:                 "any version with two digits will do",
	`status line: "HTTP/3.0 200 OK"`:                 "any version with two digits will do",
	`status line: "HTTP/0.9 200 OK"`:                 "any version with two digits will do",
	"interim: 101 unasked":                           "the caller is to find out",
	"gzip: twice, in two fields":                     "the first field alone is looked at, and then both are removed",
	"redirect: no host, a port":                      "it dials its own machine",
	"redirect: credentials are not for another port": "a host's ports are one site to it, as for cookies",
	"redirect: credentials are not given back":       "a host's ports are one site to it, as for cookies",

	"TLS closed: without close_notify, to close": "the end of the connection is taken for that of the body",
}

// byChance begins the names of the cases in which net/http is right or wrong by chance: it looks at an idle
// connection in a goroutine of its own, and the next request may be there earlier.
const byChance = "behind: "

func TestRun_NetHTTP(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a reset there takes along what was sent before it")
	}
	for _, r := range hardserver.Run(t, hardserver.Cases(), newStandard) {
		check(t, &r)
	}
}

// check compares a result of net/http's with what is known of it.
func check(t *testing.T, r *hardserver.Result) {
	t.Helper()
	if strings.HasPrefix(r.Case.Name, byChance) {
		return
	}
	_, known := otherwise[r.Case.Name]
	switch fault := r.Fault(); {
	case fault != "" && !known:
		t.Errorf("%s: %s", r.Case.Name, fault)
	case fault == "" && known:
		t.Errorf("%s: right by now: %v", r.Case.Name, r.Got)
	}
}

func TestListen_ServesEachPlainCase(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a reset there takes along what was sent before it")
	}
	s, err := hardserver.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cases := hardserver.Cases()[:s.N]
	// A client for each: net/http's takes what a case has sent behind its response for the next one's, if it comes
	// late.
	fetch := func(c *hardserver.Case, i int) hardserver.Outcome {
		client := newStandard(nil)
		defer client.Close()
		ctx, cancel := context.WithTimeout(context.Background(), hardserver.Lifetime)
		defer cancel()
		return client.Fetch(ctx, c, fmt.Sprintf("%s/case/%d", s.URL, i))
	}
	for i := range cases {
		if cases[i].Slow {
			continue // tried on ports of their own
		}
		check(t, &hardserver.Result{Case: cases[i], Got: []hardserver.Outcome{fetch(&cases[i], i)}})
	}
	if got := fetch(&cases[0], s.N); got.Status != 404 {
		t.Errorf("a case beyond the last: %v", got)
	}
}

func TestCases_AreWellFormed(t *testing.T) {
	names := map[string]bool{}
	plain, total := 0, 0
	for i, c := range hardserver.Cases() {
		total++
		if c.Plain() {
			if plain++; plain != i+1 {
				t.Errorf("%s: a plain case behind others", c.Name)
			}
		}
		if names[c.Name] {
			t.Errorf("%s: the name is there twice", c.Name)
		}
		names[c.Name] = true
		if len(c.Want) == 0 || strings.TrimSpace(c.Name) != c.Name {
			t.Errorf("%q wants %v", c.Name, c.Want)
		}
	}
	if plain < 180 || total-plain < 60 {
		t.Errorf("%d plain cases, %d others", plain, total-plain)
	}
	for name := range otherwise {
		if !names[name] {
			t.Errorf("no case is called %s", name)
		}
	}
}

// believer takes everything for success. It shows that the table can tell.
type believer struct{}

func (believer) Fetch(context.Context, *hardserver.Case, string) hardserver.Outcome {
	return hardserver.Outcome{Class: hardserver.OK, Status: 200, Body: "ok"}
}
func (believer) Close() {}

// quitter fails always, and so does not break the promise that good responses succeed by chance.
type quitter struct{ believer }

func (quitter) Fetch(context.Context, *hardserver.Case, string) hardserver.Outcome {
	return hardserver.Outcome{Class: hardserver.Timeout}
}

func TestRun_TellsBadClients(t *testing.T) {
	t.Parallel()
	count := func(client hardserver.Client) (faults int) {
		for _, r := range hardserver.Run(t, hardserver.Cases(), func(*hardserver.Case) hardserver.Client { return client }) {
			if r.Fault() != "" {
				faults++
			}
		}
		return faults
	}
	total := len(hardserver.Cases())
	if n := count(believer{}); n < total/2 {
		t.Errorf("who believes everything is wrong in %d cases of %d", n, total)
	}
	if n := count(quitter{}); n < total*3/4 {
		t.Errorf("who gives up is wrong in %d cases of %d", n, total)
	}
}
