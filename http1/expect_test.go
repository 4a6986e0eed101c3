package http1_test

import (
	"strings"
	"testing"

	"eddy/http1"
	"eddy/httputil"
)

// parsed returns a reader that has parsed the head at the front of s, and what follows it.
func parsed(t *testing.T, s string) (*http1.RequestReader, []byte) {
	t.Helper()
	lim := http1.Limits{}.WithDefaults()
	r := new(http1.RequestReader)
	n, err := r.FindHead([]byte(s), &lim)
	if err != nil || n == 0 {
		t.Fatalf("FindHead: %d, %v", n, err)
	}
	if err := r.ParseHead(s[:n], &lim, new(httputil.Request)); err != nil {
		t.Fatal(err)
	}
	return r, []byte(s[n:])
}

func TestRequestReader_Expectations(t *testing.T) {
	for fields, want := range map[string]struct{ waits, unknown bool }{
		"":                                      {false, false},
		"Expect:\r\n":                           {false, false},
		"Expect: 100-continue\r\n":              {true, false},
		"Expect: , 100-Continue ,\r\n":          {true, false},
		"Expect: 100-continue, a=b\r\n":         {true, true},
		"Expect: 200-ok\r\n":                    {false, true},
		"Expect: 100-continue\r\nExpect: x\r\n": {true, true},
	} {
		for version, old := range map[string]bool{"1.1": false, "1.0": true} {
			r, _ := parsed(t, "POST / HTTP/"+version+"\r\nHost: a\r\nContent-Length: 3\r\n"+fields+"\r\n")
			if waits, unknown := r.ExpectContinue(), r.ExpectUnknown(); waits != (want.waits && !old) || unknown != (want.unknown && !old) {
				t.Errorf("HTTP/%s %q: waits %v, unknown %v", version, fields, waits, unknown)
			}
		}
	}
}

func TestRequestReader_BodyLeft(t *testing.T) {
	lim := http1.Limits{}.WithDefaults()
	for send, want := range map[string][]int64{
		get():                             {0},
		post("Content-Length: 0", ""):     {0},
		post("Content-Length: 5", "abc"):  {5, 2},
		post("Content-Length: 3", "abcd"): {3, 0},
		chunked("3\r\nabc\r\n"):           {-1, -1},
		chunked("3\r\nabc\r\n0\r\n\r\n"):  {-1, 0},
	} {
		r, body := parsed(t, send)
		if got := r.BodyLeft(); got != want[0] {
			t.Errorf("%q: %d at first, want %d", send, got, want[0])
		}
		for len(body) > 0 && !r.BodyDone() {
			_, n, _, err := r.ReadBody(body, len(body), &lim, nil)
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				break
			}
			body = body[n:]
		}
		if got := r.BodyLeft(); got != want[len(want)-1] {
			t.Errorf("%q: %d in the end, want %d", send, got, want[len(want)-1])
		}
		if strings.HasSuffix(send, "d") && string(body) != "d" {
			t.Errorf("%q: %q is left", send, body)
		}
	}
}
