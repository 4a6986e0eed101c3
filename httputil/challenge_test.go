package httputil_test

import (
	"fmt"
	"strings"
	"testing"

	"eddy/httputil"
)

// showChallenges writes challenges in a form that is read as the same ones.
func showChallenges(list []httputil.Challenge) string {
	var b strings.Builder
	for i, c := range list {
		if i > 0 {
			b.WriteString(" | ")
		}
		b.WriteString(c.Scheme)
		if c.Token != "" {
			b.WriteString(" " + c.Token)
		}
		for _, p := range c.Params {
			fmt.Fprintf(&b, " %s=<%s>", p.Name, p.Value)
		}
	}
	return b.String()
}

func TestParseChallenges(t *testing.T) {
	for _, c := range []struct{ field, want string }{
		{``, ``},
		{` , ,`, ``},
		{`Basic`, `basic`},
		{`Basic realm="simple"`, `basic realm=<simple>`},
		{`BASIC REALM = "x y, z"`, `basic realm=<x y, z>`},
		{`Basic realm="\f\"\\o"`, `basic realm=<f"\o>`},
		{`Basic realm=""`, `basic realm=<>`},
		{`Basic realm="a=b", charset="UTF-8"`, `basic realm=<a=b> charset=<UTF-8>`},
		{`Basic , realm="x"`, `basic realm=<x>`},
		{`Basic, realm="x"`, `basic realm=<x>`},
		{`,, Basic realm=x ,,	, a=b ,`, `basic realm=<x> a=<b>`},
		{`Negotiate, NTLM`, `negotiate | ntlm`},
		{`Negotiate abc/+==`, `negotiate abc/+==`},
		{`Negotiate a=,Basic realm=x`, `negotiate a= | basic realm=<x>`},
		{`Bearer realm=https://a.example/token?x=y`, `bearer realm=<https://a.example/token?x=y>`},
		{`New a=b, Basic realm="r", Digest nonce="n" , qop="auth, auth-int", stale=FALSE`,
			`new a=<b> | basic realm=<r> | digest nonce=<n> qop=<auth, auth-int> stale=<FALSE>`},
		// RFC 9110 §11.6.1
		{`Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\""`,
			`basic realm=<simple> | newauth realm=<apps> type=<1> title=<Login to "apps">`},
	} {
		list, err := httputil.ParseChallenges(c.field)
		if got := showChallenges(list); got != c.want || err != nil {
			t.Errorf("%q:\ngot  %s, %v\nwant %s", c.field, got, err, c.want)
		}
	}
}

func TestParseChallenges_OfSeveralFields(t *testing.T) {
	list, err := httputil.ParseChallenges(`Negotiate`, `Basic realm="x`, `Digest realm=a`, `nonce=b`)
	if got := showChallenges(list); got != `negotiate | digest realm=<a>` || err == nil {
		t.Errorf("%s, %v", got, err)
	}
	if list, err := httputil.ParseChallenges(); list != nil || err != nil {
		t.Errorf("of no field: %v, %v", list, err)
	}
}

// What is malformed takes the challenge that it is part of along, and no other.
func TestParseChallenges_RefusesWhatIsMalformed(t *testing.T) {
	for _, c := range []struct{ field, left string }{
		{`realm="x"`, ``},
		{`="x"`, ``},
		{`"Basic"`, ``},
		{`Basic realm=`, `basic realm=`}, // a token68
		{`Basic realm="x`, ``},
		{`Basic realm="x\`, ``},
		{`Basic realm="x\"`, ``},
		{`Basic realm="x"y`, ``},
		{`Basic realm=x y`, ``},
		{`Basic realm=x"y"`, ``},
		{`Basic realm="x", a=`, ``},
		{`Basic realm="x", a=,b=c`, ``},
		{`Basic realm="x", realm="y"`, ``},
		{`Basic realm="x", REALM="y"`, ``},
		{`Basic realm="x" Digest`, ``},
		{`Basic a b=c`, ``},
		{`Basic a, b=c`, ``},
		{`Basic (a)`, ``},
		{`A b=c, Basic a b=c, D`, `a b=<c>`},
		{"Basic realm=\"x\ny\"", ``},
		{"Basic realm=\"x\x00\"", ``},
	} {
		list, err := httputil.ParseChallenges(c.field)
		if c.left == `basic realm=` {
			if err != nil {
				t.Errorf("%q: %v", c.field, err)
			}
		} else if err == nil {
			t.Errorf("%q was taken: %s", c.field, showChallenges(list))
		} else if strings.Contains(err.Error(), "x") {
			t.Errorf("%q: the error tells it: %v", c.field, err)
		}
		if got := showChallenges(list); got != c.left {
			t.Errorf("%q: left %q, want %q", c.field, got, c.left)
		}
	}
}

func TestParseChallenges_IsBounded(t *testing.T) {
	many := strings.Repeat("a,", httputil.MaxChallenges)
	if list, err := httputil.ParseChallenges(many); len(list) != httputil.MaxChallenges || err != nil {
		t.Errorf("%d, %v", len(list), err)
	}
	list, err := httputil.ParseChallenges(many+"b", "c")
	if len(list) != httputil.MaxChallenges || list[len(list)-1].Scheme != "a" || err == nil {
		t.Errorf("%d challenges, %v", len(list), err)
	}
	params := "x "
	for i := range httputil.MaxChallengeParams {
		params += fmt.Sprintf("p%d=v,", i)
	}
	if list, err := httputil.ParseChallenges(params); err != nil || len(list) != 1 || len(list[0].Params) != httputil.MaxChallengeParams {
		t.Errorf("%v, %v", list, err)
	}
	if list, err := httputil.ParseChallenges("y", params+"one=more"); err == nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
}

// A reader that goes back takes minutes for these.
func TestParseChallenges_IsLinear(t *testing.T) {
	for _, unit := range []string{" ", ",", "=", `\"`, "a", " ,", "a ", "a=", "a,", `"`} {
		long := strings.Repeat(unit, 300_000)
		for _, before := range []string{"", "x ", "x a", `x a="`, "x a=", "x a=b, c"} {
			list, _ := httputil.ParseChallenges(before + long)
			if len(list) > httputil.MaxChallenges {
				t.Errorf("%q and many %q: %d challenges", before, unit, len(list))
			}
		}
	}
}

func FuzzParseChallenges(f *testing.F) {
	for _, s := range []string{
		`Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\""`, `Negotiate abc==, NTLM,,Basic a=b`,
		`Digest realm="a, b", qop="auth,auth-int", nonce=x , stale = true`, `a=b, c d e`, `x "`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, field string) {
		list, err := httputil.ParseChallenges(field)
		if again, err2 := httputil.ParseChallenges(field, field); err == nil && (err2 != nil && len(list)*2 <= httputil.MaxChallenges || len(again) < len(list)) {
			t.Errorf("%q: twice: %v, %v", field, again, err2)
		}
		written := writeChallenges(t, list)
		back, err := httputil.ParseChallenges(written)
		if a, b := showChallenges(list), showChallenges(back); a != b || err != nil {
			t.Errorf("%q: read as   %s\nwritten as %q\nread as   %s, %v", field, a, written, b, err)
		}
	})
}

// writeChallenges checks what holds of all challenges, and writes them as a field.
func writeChallenges(t *testing.T, list []httputil.Challenge) string {
	if len(list) > httputil.MaxChallenges {
		t.Errorf("%d challenges", len(list))
	}
	var parts []string
	for _, c := range list {
		if !httputil.IsToken(c.Scheme) || c.Token != "" && c.Params != nil || len(c.Params) > httputil.MaxChallengeParams {
			t.Errorf("%+v", c)
		}
		parts = append(parts, strings.TrimSpace(c.Scheme+" "+c.Token))
		for _, p := range c.Params {
			if !httputil.IsToken(p.Name) || !httputil.IsFieldValue(p.Value) {
				t.Errorf("%+v", p)
			}
			parts = append(parts, p.Name+`="`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(p.Value)+`"`)
		}
	}
	return strings.Join(parts, ", ")
}
