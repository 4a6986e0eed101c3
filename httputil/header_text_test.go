package httputil_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"eddy/httputil"
)

func TestParseHeader(t *testing.T) {
	for text, want := range map[string][]string{
		"":                                  nil,
		"Foo: bar":                          {"Foo: bar"},
		"foo:bar\r\nA: \t b \t\r\nFoo:\r\n": {"Foo: bar", "A: b", "Foo: "},
		"Cookie: foo=\u0085bar\u2028\u2029": {"Cookie: foo=\u0085bar\u2028\u2029"}, // no line ends
		"Cookie: \u00a0x\u00a0\r\n":         {"Cookie: \u00a0x\u00a0"},
		"A: b:c":                            {"A: b:c"},
		" Foo: bar":                         {"error"},
		"Foo: bar\r\n baz":                  {"error"}, // folded
		"Foo : bar":                         {"error"},
		"Foo":                               {"error"},
		": bar":                             {"error"},
		"A: b\nC: d":                        {"error"},
		"A: b\rC: d":                        {"error"},
		"A: b\r\n\r\n":                      {"error"},
		"\r\n":                              {"error"},
		"A: \x1b":                           {"error"},
		"A: \x00":                           {"error"},
	} {
		h, err := httputil.ParseHeader(text)
		got := list(&h)
		if err != nil {
			got = append(got, "error")
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	_, err := httputil.ParseHeader("X-Secret: secret\x00")
	var refused *httputil.HeaderError
	if !errors.As(err, &refused) || refused.Name != "X-Secret" || strings.Contains(err.Error(), "secret\x00") {
		t.Errorf("%v", err)
	}
}

func TestParseHeader_IsLinear(t *testing.T) {
	const n = 100_000
	h, err := httputil.ParseHeader(strings.Repeat("X-Foo: bar\r\n", n))
	if err != nil || h.Len() != n || len(h.Joined("x-foo")) != n*5-2 {
		t.Errorf("%d fields, %v", h.Len(), err)
	}
}

func TestHeader_TextComesBack(t *testing.T) {
	h := header(t, "foo", "1", "A", "", "Foo", "2")
	if got, want := h.Text(), "Foo: 1\r\nA: \r\nFoo: 2\r\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	again, err := httputil.ParseHeader(h.Text())
	if err != nil || !again.Equal(h) {
		t.Errorf("%v, %v", list(&again), err)
	}
}

func TestHeader_Joined(t *testing.T) {
	h := header(t, "Vary", "a", "X", "x", "vary", "b, c")
	if got := h.Joined("VARY"); got != "a, b, c" {
		t.Errorf("%q", got)
	}
	if got := h.Joined("Y"); got != "" {
		t.Errorf("%q", got)
	}
}

func TestHeader_Equal(t *testing.T) {
	a := header(t, "A", "1", "B", "2", "A", "3")
	for _, tc := range []struct {
		other []string
		want  bool
	}{
		{[]string{"A", "1", "B", "2", "A", "3"}, true},
		{[]string{"b", "2", "a", "1", "a", "3"}, true},
		{[]string{"A", "3", "B", "2", "A", "1"}, false},
		{[]string{"A", "1", "B", "2"}, false},
		{[]string{"A", "1", "B", "2", "B", "3"}, false},
		{[]string{"A", "1", "B", "2", "A", "x"}, false},
	} {
		if got := a.Equal(header(t, tc.other...)); got != tc.want {
			t.Errorf("%q: %v", tc.other, got)
		}
	}
	if got := fmt.Sprint(list(a)); got != "[A: 1 B: 2 A: 3]" {
		t.Errorf("Equal changed the header: %s", got)
	}
	var zero httputil.Header
	if !zero.Equal(new(httputil.Header)) {
		t.Error("empty ones differ")
	}
}

func TestRequest_StringHoldsNoHeader(t *testing.T) {
	r := &httputil.Request{Method: "GET", URI: "/a?b\x1b[31m\"é", Host: "h\n", Version: httputil.HTTP11}
	r.Header.Append("Canary", "Coal Mine")
	want := `Request(GET /a?b\x1b[31m\"\u00e9, host "h\n", HTTP/1.1)`
	for _, got := range []string{r.String(), fmt.Sprint(r), fmt.Sprintf("%+v", r)} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestQuality(t *testing.T) {
	for _, tc := range []struct {
		list, item string
		want       int
	}{
		{"", "gzip", -1},
		{"gzip", "gzip", 1000},
		{"GZIP ; Q=0.5", "gzip", 500},
		{"br, gzip;x=1;q=0.8", "gzip", 800},
		{"gzip;q=0", "gzip", 0},
		{"gzip;q=0.000", "gzip", 0},
		{"gzip;q=1.000", "gzip", 1000},
		{"gzip;q=0.001", "gzip", 1},
		{"gzip;q=1.", "gzip", 1000},
		{"gzip;q=1.001", "gzip", 0},
		{"gzip;q=0.1234", "gzip", 0},
		{"gzip;q=2", "gzip", 0},
		{"gzip;q=", "gzip", 0},
		{"gzip;q=x", "gzip", 0},
		{"gzip;q=0.x", "gzip", 0},
		{"gzip;q=-1", "gzip", 0},
		{"gzip;q=.5", "gzip", 0},
		{"*;q=0.3, gzip;q=0.1", "gzip", 100},
		{"br;q=1, *;q=0.3", "gzip", 300},
		{"xgzip, gzipx", "gzip", -1},
		{"en-GB;q=0.7, en", "en", 1000},
	} {
		if got := httputil.Quality(tc.list, tc.item); got != tc.want {
			t.Errorf("%s in %q: %d, want %d", tc.item, tc.list, got, tc.want)
		}
	}
}

func TestAcceptsCoding(t *testing.T) {
	for field, want := range map[string]string{
		"":                      "false true",
		"gzip":                  "true true",
		"gzip;q=0":              "false true",
		"gzip;q=0, *":           "false true",
		"*":                     "true true",
		"*;q=0":                 "false false",
		"identity;q=0":          "false false",
		"*;q=0, identity;q=0.1": "false true",
	} {
		if got := fmt.Sprint(httputil.AcceptsCoding(field, "gzip"), " ", httputil.AcceptsCoding(field, "identity")); got != want {
			t.Errorf("%q: %s, want %s", field, got, want)
		}
	}
}
