package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"eddy/bench/child"
)

func TestMain(m *testing.M) {
	child.Main(be)
	os.Exit(m.Run())
}

func TestServers_AnswerAlike(t *testing.T) {
	o := options{size: 1000, procs: 1}
	begin := func(name string) *child.Process {
		s, err := start(name, o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Stop() })
		return s
	}
	up := begin("upstream")
	defer http.DefaultClient.CloseIdleConnections()
	for _, name := range order {
		resp, err := http.Get("http://" + begin(name).Said + "/fetch?url=" + url.QueryEscape("http://"+up.Said))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 200 || string(body) != strings.Repeat("x", o.size) || err != nil ||
			!strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") {
			t.Errorf("%s: %d, %d bytes, %v, %v", name, resp.StatusCode, len(body), err, resp.Header)
		}
	}
}

// The promise that holds on every machine, with room for a noisy one.
func TestFetch_CostsLessThanNetHTTP(t *testing.T) {
	if _, err := os.Stat("/proc/self/schedstat"); err != nil {
		t.Skip("the CPU time of a process cannot be read here")
	}
	var out strings.Builder
	if err := run([]string{"-rounds", "5", "-requests", "2000"}, &out); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + out.String())
	_, row, _ := strings.Cut(out.String(), "\n| eddy |")
	var rate, cost, low, high, ratio float64
	if _, err := fmt.Sscanf(row, " %f | %f [%f-%f] | %f |", &rate, &cost, &low, &high, &ratio); err != nil {
		t.Fatalf("%v in\n%s", err, out.String())
	}
	if ratio <= 0 || ratio > 0.7 {
		t.Errorf("an answer costs %.2f of net/http's, want at most 0.7", ratio)
	}
}

func TestReport_MediansAndRatio(t *testing.T) {
	var b strings.Builder
	report(&b, options{}, map[string][]result{
		"net/http": {{400, 2}, {100, 1}, {200, 4}, {300, 2}},
		"eddy":     {{10, 3}},
	})
	for _, row := range []string{"| net/http | 250 | 2.0 [1.0-4.0] | 1.00 |\n", "| eddy | 10 | 3.0 [3.0-3.0] | 1.50 |\n"} {
		if !strings.Contains(b.String(), row) {
			t.Errorf("no %q in\n%s", row, b.String())
		}
	}
}

func TestParse_Refuses(t *testing.T) {
	for _, args := range []string{"-conns=0", "-rounds=0", "-requests=0", "-procs=0", "-size=-1"} {
		if _, err := parse([]string{args}); err == nil {
			t.Errorf("%s was taken", args)
		}
	}
}
