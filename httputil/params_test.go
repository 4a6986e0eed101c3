package httputil_test

import (
	"fmt"
	"mime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"eddy/httputil"
)

// params returns what ParseParams finds, in one line.
func params(field string) string {
	value, params, err := httputil.ParseParams(field)
	if err != nil {
		return "error"
	}
	for _, p := range params {
		if p.Bare {
			value += "|" + p.Name
		} else {
			value += "|" + p.Name + "=" + p.Value
		}
	}
	return value
}

func TestParseParams(t *testing.T) {
	for field, want := range map[string]string{
		"":                        "",
		"form-data":               "form-data",
		" text/html ; charset=x ": "text/html|charset=x",
		"a; B=c; b=d":             "a|b=c|b=d", // repeated ones are the caller's to judge
		`a; b="c"`:                "a|b=c",
		`a;b=";";c=1`:             "a|b=;|c=1",
		`a; b="\""; c`:            `a|b="|c`,
		`a; b="\\"; c=`:           `a|b=\|c=`,
		`a; b="\\\""`:             `a|b=\"`,
		`a; b="C:\dir\file"`:      `a|b=C:\dir\file`,
		"a; b":                    "a|b",
		"a;; ;b=1;":               "a|b=1",
		"a; b = c ; d":            "a|b=c|d",
		`a; b=c"d"`:               `a|b=c"d"`,
		"a; b=c d/e":              "a|b=c d/e",
		"permessage-deflate; server_no_context_takeover; client_max_window_bits=10": "permessage-deflate|server_no_context_takeover|client_max_window_bits=10",
		`a; b="`:     "error",
		`a; b="c`:    "error",
		`a; b="c\"`:  "error",
		`a; b="c"d`:  "error",
		`a; =b`:      "error",
		`a; b c`:     "error",
		`a; b c=d`:   "error",
		`a; "b"=c`:   "error",
		"a; b\xff=1": "error",
	} {
		if got := params(field); got != want {
			t.Errorf("%s: %s, want %s", field, got, want)
		}
	}
}

// A quoted value with a hundred thousand semicolons is one pass, as are as many parameters (CVE-2025-67726).
func TestParseParams_IsLinear(t *testing.T) {
	const n = 100_000
	for _, piece := range []string{";", `\"`, `\\`, `\`, `=`} {
		if _, p, err := httputil.ParseParams(`a; x="` + strings.Repeat(piece, n) + ` "; name=y`); err != nil || len(p) != 2 {
			t.Errorf("%s: %d parameters, %v", piece, len(p), err)
		}
	}
	if _, p, err := httputil.ParseParams("a" + strings.Repeat(`;x="`+"y"+`"`, n)); err != nil || len(p) != n {
		t.Errorf("%d parameters, %v", len(p), err)
	}
	field := `a; x="` + strings.Repeat(`\";`, n) + `"`
	if allocs := testing.AllocsPerRun(1, func() { httputil.ParseParams(field) }); allocs > 50 {
		t.Errorf("%v allocations", allocs)
	}
	_, p, err := httputil.ParseParams("a" + strings.Repeat(`;x*0*=UTF-8''a`, n))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.Extended("x"); err == nil {
		t.Error("a segment that is there twice was taken")
	}
}

func TestParams_Get(t *testing.T) {
	_, p, _ := httputil.ParseParams("v; A=1; a=2; b")
	for name, want := range map[string]string{"a": "1 true", "b": " true", "c": " false"} {
		value, ok := p.Get(name)
		if got := fmt.Sprint(value, " ", ok); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestParams_Extended(t *testing.T) {
	for field, want := range map[string]string{
		`x=1`:                                   "none",
		`f`:                                     "none",
		`f=a.txt`:                               "a.txt",
		`f*=UTF-8''%C3%A1b.txt; f=ab.txt`:       "áb.txt",
		`f=ab.txt; f*=utf-8'en'%C3%A1b.txt`:     "áb.txt",
		`f*=iso-8859-1''%e1b`:                   "áb",
		`f*=US-ASCII''a%20b`:                    "a b",
		`f*=US-ASCII''%C3`:                      "error",
		`f*=UTF-8''%ff`:                         "error",
		`f*=UTF-16''%00a`:                       "error",
		`f*=''a`:                                "error",
		`f*=UTF-8'a`:                            "error",
		`f*=a`:                                  "error",
		`f*=UTF-8''%C`:                          "error",
		`f*=UTF-8''%zz`:                         "error",
		`f*=UTF-8''%+1`:                         "error",
		`f*=UTF-8''a'b`:                         "a'b",
		`f*=UTF-8''%00`:                         "\x00", // for the caller to judge
		`f*0=a; f*1=b`:                          "ab",
		`f*1=b; f*0=a; f*2="c d"`:               "abc d",
		`f*0*=UTF-8''%C3; f*1*=%A1; f*2=%41`:    "á%41",
		`f*0=a; f*1*=%41`:                       "aA",
		`f*0=a; f*2=c`:                          "error",
		`f*1=b`:                                 "error",
		`f*0=a; f*0=b`:                          "error",
		`f*0*=a`:                                "error",
		`f*00=a`:                                "none",
		`f*x=a`:                                 "none",
		`f**=a`:                                 "none",
		`f*0=a; f=b`:                            "a",
		`f*0=a; f*=UTF-8''b`:                    "b",
		`f=a; f=b`:                              "error",
		`f*=UTF-8''a; f*=UTF-8''b`:              "error",
		`fx=a`:                                  "none",
		`f*99999999999999999999=a; f*1048577=b`: "none",
	} {
		_, p, err := httputil.ParseParams("v; " + field)
		if err != nil {
			t.Fatalf("%s: %v", field, err)
		}
		got, ok, err := p.Extended("f")
		switch {
		case err != nil:
			got = "error"
		case !ok:
			got = "none"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", field, got, want)
		}
	}
}

func TestFormatParams(t *testing.T) {
	got, err := httputil.FormatParams("form-data", httputil.Params{
		{Name: "name", Value: "x"}, {Name: "q", Value: `a "b"\;`}, {Name: "e"}, {Name: "bare", Bare: true}, {Name: "filename", Value: "á %'*.txt"}})
	want := `form-data; name=x; q="a \"b\"\\;"; e=""; bare; filename*=UTF-8''%C3%A1%20%25%27%2A.txt`
	if err != nil || got != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	for _, p := range []httputil.Params{{{Name: ""}}, {{Name: "a b"}}, {{Name: "a", Value: "x\r\ny"}}, {{Name: "a", Value: "\x00"}}} {
		if got, err := httputil.FormatParams("v", p); err == nil {
			t.Errorf("%q was made", got)
		}
	}
	for _, value := range []string{"a;b", `"`, "a\nb"} {
		if got, err := httputil.FormatParams(value, nil); err == nil {
			t.Errorf("%q was made", got)
		}
	}
}

// What is written is read back.
func FuzzParams_RoundTrip(f *testing.F) {
	for _, v := range []string{"", "a", `a"b\c;d`, "á", " x ", "'", "\xff"} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, value string) {
		in := httputil.Params{{Name: "first", Bare: true}, {Name: "n", Value: value}, {Name: "last", Value: "1"}}
		field, err := httputil.FormatParams("v", in)
		if err != nil {
			return
		}
		head, out, err := httputil.ParseParams(field)
		if err != nil || head != "v" || len(out) != 3 || !out[0].Bare {
			t.Fatalf("%q: %q %v, %v", field, head, out, err)
		}
		got, _, err := out.Extended("n")
		if utf8.ValidString(value) && (err != nil || got != value) || !utf8.ValidString(value) && err == nil {
			t.Errorf("%q became %q, %v", value, got, err)
		}
	})
}

// Where the standard library takes a field too, both see the same in it, but for what is documented: its escapes, and
// what it does with repeated and extended names.
func FuzzParseParams(f *testing.F) {
	for _, v := range []string{`a/b; c="d;e"; f=g`, `form-data; name="x"; filename="\""`, "a/b; c", "a/b;;c=d"} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, field string) {
		value, ours, err := httputil.ParseParams(field)
		kind, theirs, stdErr := mime.ParseMediaType(field)
		odd := strings.ContainsFunc(field, func(r rune) bool { return r < ' ' || r >= 0x7f }) // is space for the other
		if err != nil || stdErr != nil || odd || strings.ContainsAny(field, "\\*") {
			return
		}
		if !strings.EqualFold(value, kind) {
			t.Errorf("%q: %q, want %q", field, value, kind)
		}
		for name, want := range theirs {
			if got, ok := ours.Get(name); !ok || got != want {
				t.Errorf("%q: %s=%q, want %q", field, name, got, want)
			}
		}
		if names := slices.DeleteFunc(ours, func(p httputil.Param) bool { return p.Bare }); len(names) < len(theirs) {
			t.Errorf("%q: %v, want %v", field, ours, theirs)
		}
	})
}
