package httputil_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"eddy/httputil"
)

func header(t *testing.T, pairs ...string) *httputil.Header {
	t.Helper()
	h := new(httputil.Header)
	for i := 0; i < len(pairs); i += 2 {
		if err := h.Add(pairs[i], pairs[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func list(h *httputil.Header) []string {
	var got []string
	for name, value := range h.All() {
		got = append(got, name+": "+value)
	}
	return got
}

func TestHeader_LooksUpWithoutRegardToCase(t *testing.T) {
	h := header(t, "content-TYPE", "text/plain", "Set-Cookie", "a", "X", "", "SET-cookie", "b")
	for name, want := range map[string][]string{
		"Content-Type": {"text/plain"},
		"set-cookie":   {"a", "b"},
		"x":            {""},
		"Y":            nil,
		"\u212a":       nil, // the Kelvin sign is not a k
	} {
		if got := h.Values(name); !slices.Equal(got, want) {
			t.Errorf("Values(%q) = %q, want %q", name, got, want)
		}
		first := ""
		if want != nil {
			first = want[0]
		}
		if got := h.Get(name); got != first {
			t.Errorf("Get(%q) = %q, want %q", name, got, first)
		}
		if got := h.Has(name); got != (want != nil) {
			t.Errorf("Has(%q) = %v", name, got)
		}
	}
}

func TestHeader_KeepsOrderThroughChanges(t *testing.T) {
	h := header(t, "a", "1", "b", "2", "A", "3", "c", "4")
	if err := h.Set("A", "5"); err != nil {
		t.Fatal(err)
	}
	if got, want := list(h), []string{"A: 5", "B: 2", "C: 4"}; !slices.Equal(got, want) {
		t.Errorf("after Set: %q, want %q", got, want)
	}
	clone := h.Clone()
	h.Del("b")
	h.Set("d", "6")
	if got, want := list(h), []string{"A: 5", "C: 4", "D: 6"}; !slices.Equal(got, want) {
		t.Errorf("after Del and Set: %q, want %q", got, want)
	}
	if got, want := list(&clone), []string{"A: 5", "B: 2", "C: 4"}; !slices.Equal(got, want) {
		t.Errorf("the clone: %q, want %q", got, want)
	}
	h.Reset()
	if h.Len() != 0 || clone.Len() != 3 {
		t.Errorf("after Reset: %d fields; the clone: %d", h.Len(), clone.Len())
	}
}

func TestHeader_RefusesWhatWouldSplitAMessage(t *testing.T) {
	for c := range 256 {
		token := strings.ContainsRune("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", rune(c)) && c < 128
		value := c == '\t' || c >= 0x20 && c != 0x7f
		b := string([]byte{byte(c)})
		var h httputil.Header
		if err := h.Set("X"+b, "v"); (err == nil) != token {
			t.Errorf("a name with byte %#02x: %v", c, err)
		}
		if err := h.Add("X", "v"+b); (err == nil) != value {
			t.Errorf("a value with byte %#02x: %v", c, err)
		}
	}
	var h httputil.Header
	err := h.Set("X-Secret", "secret\r\nSet-Cookie: a=b")
	var refused *httputil.HeaderError
	if !errors.As(err, &refused) || refused.Name != "X-Secret" || strings.Contains(err.Error(), "secret\r") || strings.Contains(err.Error(), "a=b") {
		t.Errorf("the error must name the field and not its value: %v", err)
	}
	if err := h.Set("", "v"); err == nil {
		t.Error("an empty name was accepted")
	}
	if err := h.Set("bad\r\nname", "v"); err == nil || strings.ContainsAny(err.Error(), "\r\n") {
		t.Errorf("the error holds the name's line ends: %q", err)
	}
	if h.Len() != 0 {
		t.Errorf("%d refused fields were kept", h.Len())
	}
}

func TestHeader_HasToken(t *testing.T) {
	h := header(t, "Connection", "close, TE", "connection", "\tUpgrade ,x")
	for token, want := range map[string]bool{
		"close": true, "te": true, "upgrade": true, "X": true, "clos": false, "": false, "close, TE": false,
	} {
		if got := h.HasToken("Connection", token); got != want {
			t.Errorf("HasToken(%q) = %v", token, got)
		}
	}
}

func TestHeader_AddVary(t *testing.T) {
	for _, tc := range []struct{ before, after []string }{
		{nil, []string{"Vary", "Accept-Encoding"}},
		{[]string{"vary", "Origin"}, []string{"Vary", "Origin, Accept-Encoding"}},
		{[]string{"Vary", ""}, []string{"Vary", "Accept-Encoding"}},
		{[]string{"Vary", "Origin, accept-encoding"}, []string{"Vary", "Origin, accept-encoding"}},
		{[]string{"Vary", "*"}, []string{"Vary", "*"}},
		{[]string{"Vary", "Origin", "Vary", "Cookie"}, []string{"Vary", "Origin, Cookie, Accept-Encoding"}},
	} {
		h := header(t, tc.before...)
		h.AddVary("Accept-Encoding")
		if want := header(t, tc.after...); !h.Equal(want) {
			t.Errorf("%q: %q, want %q", tc.before, list(h), list(want))
		}
	}
}

func TestHeader_OverStorageAllocatesNothing(t *testing.T) {
	var storage [4]httputil.Field
	n := testing.AllocsPerRun(100, func() {
		h := httputil.HeaderOver(storage[:])
		for range storage {
			h.Append("Name", "value")
		}
		if h.Get("name") != "value" {
			t.Error("lost")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A hundred thousand repeated fields must not cost a hundred thousand times as much each.
func TestHeader_RepeatedAddIsLinear(t *testing.T) {
	const n = 100_000
	var h httputil.Header
	for i := range n {
		if err := h.Add("X", fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if vs := h.Values("x"); len(vs) != n || vs[n-1] != fmt.Sprint(n-1) {
		t.Errorf("%d values", len(vs))
	}
}

func TestTrimOWS(t *testing.T) {
	for in, want := range map[string]string{
		"": "", " \t ": "", "\t a b \t": "a b", "\u00a0a\u0085": "\u00a0a\u0085", "\va\f": "\va\f",
	} {
		if got := httputil.TrimOWS(in); got != want {
			t.Errorf("TrimOWS(%q) = %q, want %q", in, got, want)
		}
	}
}

func BenchmarkHeader_Get(b *testing.B) {
	var h httputil.Header
	for _, name := range []string{"Host", "User-Agent", "Accept", "Accept-Encoding", "Accept-Language", "Cookie"} {
		h.Append(name, "value")
	}
	b.ReportAllocs()
	for b.Loop() {
		h.Get("cookie")
	}
}
