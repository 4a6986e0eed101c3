package httputil_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"eddy/httputil"
)

// cookies returns what ParseCookie finds, in order.
func cookies(field string) []string {
	var got []string
	for name, value := range httputil.ParseCookie(field) {
		got = append(got, name+"|"+value)
	}
	return got
}

func TestParseCookie(t *testing.T) {
	for field, want := range map[string][]string{
		"":                          nil,
		"chips=ahoy; vienna=finger": {"chips|ahoy", "vienna|finger"},
		// A semicolon divides within quotes, too.
		`keebler="E=mc2; L=\"Loves\"; fudge=\012;"`: {`keebler|"E=mc2`, `L|\"Loves\"`, `fudge|\012`, `|"`},
		"keebler=E=mc2":                     {"keebler|E=mc2"},
		"key:term=value:term":               {"key:term|value:term"},
		"a=b; c=[; d=r; f=h":                {"a|b", "c|[", "d|r", "f|h"},
		"a=b; Domain=example.com":           {"a|b", "Domain|example.com"},
		"a=b; h=i; a=c":                     {"a|b", "h|i", "a|c"},
		"abc=def; unnamed; lang=en":         {"abc|def", "|unnamed", "lang|en"},
		`a=b; "; c=d`:                       {"a|b", `|"`, "c|d"},
		"a b c=d e = f; gh=i":               {"a b c|d e = f", "gh|i"},
		`a   b,c<>@:/[]?{}=d  "  =e,f g`:    {`a   b,c<>@:/[]?{}|d  "  =e,f g`},
		"saint=André Bessette":              {"saint|André Bessette"},
		"  =  b  ;  ;  =  ;   c  =  ;  ":    {"|b", "c|"},
		"a=\u00a0b":                         {"a|\u00a0b"},
		"a=b,c=d":                           {"a|b,c=d"},
		"bad name=1; sess\x00ion=2; good=3": {"bad name|1", "sess\x00ion|2", "good|3"},
	} {
		if got := cookies(field); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", field, got, want)
		}
	}
}

func TestParseCookie_Quoted(t *testing.T) {
	for raw, want := range map[string]string{
		`"b=\""`: `b="`, `"b=\\"`: `b=\`, `"b=\="`: `b==`, `"b=\n"`: `b=n`, `"b=\042"`: `b="`, `"b=\134"`: `b=\`,
		`"b=\377"`: "b=\xff", `"b=\400"`: "b=400", `"b=\42"`: "b=42", `"b=\\042"`: `b=\042`, `"b=\\134"`: `b=\134`,
		`"b=\\\""`: `b=\"`, `"b=\\\042"`: `b=\"`, `"b=\134\""`: `b=\"`, `"b=\134\042"`: `b=\"`,
		`""`: "", `"`: `"`, `"a`: `"a`, `a"`: `a"`, `"a\"`: `a\`, `\042`: `\042`, `"\01"`: "01", `"\0"`: "0", `"\018"`: "018", `"\000"`: "\x00",
	} {
		if got := cookies("a=" + raw); !slices.Equal(got, []string{"a|" + want}) {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
}

// A hundred thousand escapes are one pass: a quadratic reading of them (CVE-2024-7592) takes minutes.
func TestParseCookie_EscapesAreLinear(t *testing.T) {
	const n = 100_000
	for _, escape := range []string{`\\`, `\134`} {
		got := cookies(`a="b=` + strings.Repeat(escape, n) + `"`)
		if len(got) != 1 || got[0] != "a|b="+strings.Repeat(`\`, n) {
			t.Errorf("%s: read wrongly", escape)
		}
	}
	field := `a="` + strings.Repeat(`\134`, n) + `"`
	allocs := testing.AllocsPerRun(1, func() { cookies(field) })
	if allocs > 20 {
		t.Errorf("%v allocations for one value", allocs)
	}
}

func TestRequest_Cookie(t *testing.T) {
	var r httputil.Request
	r.Header.Append("cookie", `a=1; b="x\073y"; a=2; =nameless`)
	r.Header.Append("X", "a=9")
	r.Header.Append("Cookie", "c=3; other; b0=")
	for name, want := range map[string]string{"a": "2", "b": "x;y", "c": "3", "": "other", "b0": ""} {
		if got, ok := r.Cookie(name); !ok || got != want {
			t.Errorf("%s: %q, %v; want %q", name, got, ok, want)
		}
	}
	if got, ok := r.Cookie("A"); ok || got != "" {
		t.Errorf("names have a case: %q", got)
	}
	all := map[string]string{}
	count := 0
	for name, value := range r.Cookies() {
		all[name] = value
		count++
	}
	want := map[string]string{"a": "2", "b": "x;y", "c": "3", "": "other", "b0": ""}
	if !maps.Equal(all, want) || count != 7 {
		t.Errorf("%d cookies: %q", count, all)
	}
	for range r.Cookies() {
		break // must be possible
	}
}

func TestRequest_CookieAllocatesNothing(t *testing.T) {
	r := cookieRequest()
	if n := testing.AllocsPerRun(100, func() { r.Cookie("session") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func cookieRequest() *httputil.Request {
	var r httputil.Request
	r.Header.Append("Cookie", "theme=dark; session=0123456789abcdef0123456789abcdef; consent=1")
	return &r
}

func BenchmarkRequest_Cookie(b *testing.B) {
	r := cookieRequest()
	b.ReportAllocs()
	for b.Loop() {
		r.Cookie("session")
	}
}

func TestCookie_Field(t *testing.T) {
	when := time.Date(2026, 11, 21, 12, 0, 0, 0, time.FixedZone("X", 3600))
	for _, tc := range []struct {
		cookie httputil.Cookie
		want   string
	}{
		{httputil.Cookie{Name: "a", Value: "b"}, "a=b"},
		{httputil.Cookie{Name: "a"}, "a="},
		{httputil.Cookie{Name: "a", Value: "two words"}, `a="two words"`},
		{httputil.Cookie{Name: "a", Value: `"q";\,` + "é\r\n"}, `a="\"q\"\073\\\054\303\251\015\012"`},
		{httputil.Cookie{Name: "a", Value: "b", Path: "/x y", Domain: ".Example.com", Expires: when, MaxAge: 60, Secure: true,
			HTTPOnly: true, SameSite: httputil.SameSiteNone, Partitioned: true},
			"a=b; Path=/x y; Domain=Example.com; Expires=Sat, 21 Nov 2026 11:00:00 GMT; Max-Age=60; Secure; HttpOnly; SameSite=None; Partitioned"},
		{httputil.Cookie{Name: "a", MaxAge: -1, SameSite: httputil.SameSiteLax}, "a=; Max-Age=0; SameSite=Lax"},
		{httputil.Cookie{Name: "__Host-a", Path: "/", Secure: true, SameSite: httputil.SameSiteStrict}, "__Host-a=; Path=/; Secure; SameSite=Strict"},
	} {
		got, err := tc.cookie.Field()
		if err != nil || got != tc.want {
			t.Errorf("%+v: %q, %v; want %q", tc.cookie, got, err, tc.want)
		}
	}
}

func TestCookie_FieldRefuses(t *testing.T) {
	for _, c := range []httputil.Cookie{
		{},
		{Name: "a b"},
		{Name: "a=b"},
		{Name: "a\r\nSet-Cookie: x"},
		{Name: "é"},
		{Name: "a", Value: strings.Repeat("x", 4096)},
		{Name: "a", Value: strings.Repeat("é", 1000)}, // too large once escaped
		{Name: "a", Path: "x"},
		{Name: "a", Path: "/;Secure"},
		{Name: "a", Path: "/\r\nX: y"},
		{Name: "a", Path: "/é"},
		{Name: "a", Path: "/" + strings.Repeat("x", 1024)},
		{Name: "a", Domain: "a;b"},
		{Name: "a", Domain: "a b"},
		{Name: "a", Domain: "a..b"},
		{Name: "a", Domain: "-a"},
		{Name: "a", Domain: "."},
		{Name: "a", Domain: "a\r\nb"},
		{Name: "a", Domain: strings.Repeat("a", 64)},
		{Name: "a", Domain: strings.Repeat("a.", 127) + "aa"},
		{Name: "a", Expires: time.Date(1600, 1, 1, 0, 0, 0, 0, time.UTC)},
		{Name: "a", SameSite: 9},
		{Name: "a", SameSite: httputil.SameSiteNone},
		{Name: "a", Partitioned: true},
		{Name: "__secure-a"},
		{Name: "__Host-a", Secure: true},
		{Name: "__HOST-a", Secure: true, Path: "/", Domain: "example.com"},
	} {
		field, err := c.Field()
		if err == nil || field != "" {
			t.Errorf("%.40q %.40q %q %q: %q was made", c.Name, c.Value, c.Path, c.Domain, field)
		} else if strings.ContainsAny(err.Error(), "\r\n") {
			t.Errorf("the error has line ends: %q", err)
		}
	}
}

// Whatever value is set comes back, and no value writes an attribute or a field of its own.
func FuzzCookie_RoundTrip(f *testing.F) {
	for _, v := range []string{"", "a", "a b", `"`, `\`, "a;b", "é", "\x00\r\n", `"a"`, " a ", "\xff", "a=b", `\073`} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, value string) {
		c := httputil.Cookie{Name: "n", Value: value}
		field, err := c.Field()
		if err != nil {
			if len(value) < 1000 {
				t.Errorf("refused: %v", err)
			}
			return
		}
		if strings.Contains(field, ";") || !httputil.IsFieldValue(field) {
			t.Errorf("%q became %q", value, field)
		}
		if got := cookies("x=1; " + field + "; y=2"); !slices.Equal(got, []string{"x|1", "n|" + value, "y|2"}) {
			t.Errorf("%q became %q", value, got)
		}
	})
}

// modelCookies is ParseCookie by other means: a map, and an unquoting that goes by runs.
func modelCookies(field string) map[string]string {
	all := map[string]string{}
	for _, chunk := range strings.Split(field, ";") {
		name, value := "", chunk
		if i := strings.Index(chunk, "="); i >= 0 {
			name, value = chunk[:i], chunk[i+1:]
		}
		name, value = strings.Trim(name, " \t"), strings.Trim(value, " \t")
		if name == "" && value == "" {
			continue
		}
		if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
			rest, out := value[1:len(value)-1], ""
			for {
				before, after, found := strings.Cut(rest, `\`)
				out += before
				if !found {
					break
				}
				var b byte
				if n, err := fmt.Sscanf(after, "%3o", &b); n == 1 && err == nil && len(after) > 2 && strings.Trim(after[:3], "01234567") == "" && after[0] < '4' {
					out, rest = out+string([]byte{b}), after[3:]
				} else if after == "" {
					out, rest = out+`\`, ""
				} else {
					out, rest = out+after[:1], after[1:]
				}
			}
			value = out
		}
		all[name] = value
	}
	return all
}

func FuzzParseCookie(f *testing.F) {
	for _, v := range []string{"a=b; c=d", `a="\101\"x"; b`, `=;;"`, `a="\`, `a="\"`, `x="\400\377"`, "  a = b "} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, field string) {
		got := maps.Collect(httputil.ParseCookie(field))
		if want := modelCookies(field); !maps.Equal(got, want) {
			t.Errorf("%q: %q, want %q", field, got, want)
		}
		var r httputil.Request
		r.Header.Append("Cookie", field)
		for name, want := range got {
			if value, ok := r.Cookie(name); !ok || value != want {
				t.Errorf("%q of %q: %q, want %q", name, field, value, want)
			}
		}
	})
}
