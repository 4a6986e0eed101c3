package http1_test

import (
	"fmt"
	"strings"
	"testing"

	"eddy/http1"
	"eddy/httputil"
)

// TestRoundTrip_responses reads every response that the encoder tests write.
func TestRoundTrip_responses(t *testing.T) {
	for _, c := range encoded {
		t.Run(c.rule, func(t *testing.T) {
			out, e, allowed, err := c.encode()
			if err != nil {
				t.Fatal(err)
			}
			method, _, old := strings.Cut(c.method, "/")
			log := responses(t, &defaults, []string{method}, out)
			if !strings.Contains(log, fmt.Sprint(c.status)) {
				t.Fatalf("%q is read as %s", out, log)
			}
			if body := strings.Join(c.body, ""); allowed && !strings.Contains(log, fmt.Sprintf(" %q", body)) {
				t.Errorf("body %q is read as %s", body, log)
			}
			// An HTTP/1.0 client is not told by the version of the response that it closes.
			if !old && strings.HasSuffix(log, "keep") != e.KeepAlive() {
				t.Errorf("KeepAlive is %v, but the client reads %s", e.KeepAlive(), log)
			}
		})
	}
}

func TestRoundTrip_requests(t *testing.T) {
	for _, c := range []struct {
		method, target string
		length         int64
		body           []string
		want           string
	}{
		{"GET", "/", 0, nil, `GET /| HTTP/1.1 host=a len=0 ""; `},
		{"POST", "/", 0, nil, `POST /| HTTP/1.1 host=a len=0 ""; `},
		{"POST", "/p?q", 3, []string{"a", "", "bc"}, `POST /p|q HTTP/1.1 host=a len=3 "abc"; `},
		{"PATCH", "/", -1, []string{"\r\n", "", "0\r\n\r\n"}, `PATCH /| HTTP/1.1 host=a len=-1 "\r\n0\r\n\r\n" [A: b]; `},
		{"PUT", "/", -1, []string{strings.Repeat("x", 5000)}, `PUT /| HTTP/1.1 host=a len=-1 "` + strings.Repeat("x", 5000) + `" [A: b]; `},
		{"CONNECT", "b:1", 0, nil, `CONNECT | HTTP/1.1 host=b:1 len=0 ""; `},
	} {
		var e http1.RequestEncoder
		out, err := e.AppendHead(nil, c.method, c.target, "a", header("X", "y"), c.length)
		for _, p := range c.body {
			if err == nil {
				out, err = e.AppendBody(out, []byte(p))
			}
		}
		if err == nil {
			out, err = e.AppendEnd(out, header("A", "b", "Host", "x"))
		}
		if err != nil {
			t.Fatalf("%s %s: %v", c.method, c.target, err)
		}
		if got := requests(t, &defaults, append(out, out...)); c.method != "CONNECT" && got != c.want+c.want+"wait" || c.method == "CONNECT" && got != c.want+"close" {
			t.Errorf("%s %s twice:\n got %s", c.method, c.target, got)
		}
	}
}

// TestParse_values reads values of every length with every byte in every place, alone and
// behind a tab, as the parser looks at eight at a time.
func TestParse_values(t *testing.T) {
	for n := 1; n < 20; n++ {
		for at := range n {
			for c := range 256 {
				value := []byte("0123456789abcdefghij"[:n])
				value[at] = byte(c)
				checkValue(t, string(value))
				if at > 0 {
					value[at-1] = '\t'
					checkValue(t, string(value))
				}
			}
		}
	}
}

func checkValue(t *testing.T, value string) {
	t.Helper()
	var r http1.RequestReader
	var req httputil.Request
	err := r.ParseHead(get("X: "+value), &defaults, &req)
	if want := httputil.IsFieldValue(value); (err == nil) != want {
		t.Fatalf("%q: %v", value, err)
	}
	if got := req.Header.Get("X"); err == nil && got != httputil.TrimOWS(value) {
		t.Fatalf("%q is read as %q", value, got)
	}
}

// TestParse_notFound shows heads to ParseHead that FindHead would not have delimited: they
// are refused, and nothing is read beyond them.
func TestParse_notFound(t *testing.T) {
	whole := get("X: y")
	for n := range len(whole) {
		var r http1.RequestReader
		if err := r.ParseHead(whole[:n], &defaults, new(httputil.Request)); err == nil {
			t.Errorf("%q was accepted", whole[:n])
		}
	}
	var r http1.RequestReader
	if err := r.ParseHead(whole+"x", &defaults, new(httputil.Request)); err == nil {
		t.Error("bytes behind the head were accepted")
	}
	status := "HTTP/1.1 200 OK\r\nX: y\r\n\r\n"
	for n := range len(status) {
		var r http1.ResponseReader
		if err := r.Start("GET"); err != nil {
			t.Fatal(err)
		}
		if err := r.ParseHead(status[:n], &defaults, new(http1.ResponseHead)); err == nil {
			t.Errorf("%q was accepted", status[:n])
		}
	}
}
