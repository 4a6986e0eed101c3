package digest_test

import (
	"errors"
	"strings"
	"testing"

	"eddy/httputil"
	"eddy/internal/digest"
)

func challenges(t testing.TB, fields ...string) []httputil.Challenge {
	t.Helper()
	list, err := httputil.ParseChallenges(fields...)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// params reads an answer as a server does.
func params(t testing.TB, a *digest.Answer) httputil.Params {
	t.Helper()
	list := challenges(t, a.Field)
	if len(list) != 1 || list[0].Scheme != "digest" {
		t.Fatalf("not one answer: %s", a.Field)
	}
	return list[0].Params
}

func get(p httputil.Params, name string) string {
	v, _ := p.Get(name)
	return v
}

// nonces are cnonces that the test knows.
func nonces(list ...string) func() string {
	return func() (n string) {
		n, list = list[0], list[1:]
		return n
	}
}

var page = digest.Request{Method: "GET", Target: "/dir/index.html"}

const (
	rfc7616Realm = `Digest realm="http-auth@example.org", qop="auth, auth-int", ` +
		`nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS", `
	rfc7616CNonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"

	rfc2617Realm = `Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"`
)

// The RFCs' own examples, whole.
func TestSession_ExamplesOfTheRFCs(t *testing.T) {
	const doe = "J\u00e4s\u00f8n Doe"
	for _, c := range []struct{ name, user, password, challenge, cnonce, target, want string }{
		{"RFC 7616 §3.9.1 MD5", "Mufasa", "Circle of Life", rfc7616Realm + "algorithm=MD5", rfc7616CNonce, page.Target,
			`Digest username="Mufasa", realm="http-auth@example.org", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", ` +
				`uri="/dir/index.html", response="8ca523f5e9506fed4657c9700eebdbec", algorithm=MD5, ` +
				`cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, nc=00000001, ` +
				`opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`},
		{"RFC 7616 §3.9.1 SHA-256", "Mufasa", "Circle of Life", rfc7616Realm + "algorithm=SHA-256", rfc7616CNonce, page.Target,
			`Digest username="Mufasa", realm="http-auth@example.org", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", ` +
				`uri="/dir/index.html", response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1", algorithm=SHA-256, ` +
				`cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, nc=00000001, ` +
				`opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`},
		// The hashes printed in the RFC are those of SHA-512 cut short: its erratum 4897 has these.
		{"RFC 7616 §3.9.2", doe, "Secret, or not?",
			`Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", ` +
				`opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true`,
			"NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v", "/doe.json",
			`Digest username="793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b", realm="api@example.org", ` +
				`nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", uri="/doe.json", ` +
				`response="3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5", algorithm=SHA-512-256, ` +
				`cnonce="NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v", qop=auth, nc=00000001, ` +
				`opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", userhash=true`},
		{"RFC 2617 §3.5", "Mufasa", "Circle Of Life", rfc2617Realm + `, qop="auth,auth-int"`, "0a4f113b", page.Target,
			`Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", ` +
				`response="6629fae49393a05397450978507c4ef1", cnonce="0a4f113b", qop=auth, nc=00000001, ` +
				`opaque="5ccc069c403ebaf9f0171e9517f40e41"`},
		// RFC 2069's printed hash is wrong: its erratum 749 has this one.
		{"RFC 2069 §2.4", "Mufasa", "CircleOfLife", rfc2617Realm, "", page.Target,
			`Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", ` +
				`response="1949323746fe6a43ef61f9606e7febea", opaque="5ccc069c403ebaf9f0171e9517f40e41"`},
	} {
		s := digest.New(c.user, c.password, nonces(c.cnonce))
		a, err := s.Retry(challenges(t, c.challenge), nil, digest.Request{Method: "GET", Target: c.target})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if a.Field != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, a.Field, c.want)
		}
	}
}

func TestSession_ChoosesTheStrongest(t *testing.T) {
	const rest = `realm="r", nonce="n", qop="auth"`
	for _, c := range []struct{ fields, algorithm string }{
		{`Digest ` + rest, ""},
		{`Digest ` + rest + `, algorithm=MD5|Digest ` + rest + `, algorithm=SHA-256`, "SHA-256"},
		{`Digest ` + rest + `, algorithm=SHA-512-256, Digest ` + rest + `, algorithm=SHA-256`, "SHA-512-256"},
		{`Digest ` + rest + `, algorithm=SHA-256-sess|Digest ` + rest + `, algorithm=SHA-256`, "SHA-256-sess"},
		{`Digest ` + rest + `, algorithm=SHA-256|Digest ` + rest + `, algorithm=SHA-256-sess`, "SHA-256"},
		{`Digest ` + rest + `, algorithm="md5"`, "md5"},
		{`Digest ` + rest + `, algorithm=SHA3-256|Basic realm="b", Digest ` + rest + `, algorithm=MD5-sess`, "MD5-sess"},
		{`Negotiate|Digest realm="no nonce"|Digest nonce="no realm"|Digest ` + rest + `, algorithm=SHA-256`, "SHA-256"},
		{`Digest realm="r", nonce="n", qop="auth-conf", algorithm=SHA-256|Digest ` + rest + `, algorithm=MD5`, "MD5"},
	} {
		a, err := digest.New("u", "p", nil).Retry(challenges(t, strings.Split(c.fields, "|")...), nil, page)
		if err != nil {
			t.Errorf("%s: %v", c.fields, err)
		} else if got := get(params(t, a), "algorithm"); got != c.algorithm {
			t.Errorf("%s: %q, want %q", c.fields, got, c.algorithm)
		}
	}
}

func TestSession_RefusesWhatItCannotAnswer(t *testing.T) {
	for _, field := range []string{
		``, `Basic realm="r"`, `Digest`, `Digest realm="r"`, `Digest nonce="n"`, `NotDigest realm="r", nonce="n"`,
		`Digest realm="r", nonce="n", algorithm=SHA-512`, `Digest realm="r", nonce="n", algorithm=-sess, qop=auth`,
		`Digest realm="r", nonce="n", algorithm="x"`,
		`Digest realm="r", nonce="n", algorithm="` + "\u017fHA-256" + `"`,
		`Digest realm="r", nonce="n", qop=""`, `Digest realm="r", nonce="n", qop="auth-conf, other"`,
		`Digest realm="r", nonce="n", algorithm=MD5-sess`, // and no qop
	} {
		if a, err := digest.New("u", "p", nil).Retry(challenges(t, field), nil, page); a != nil || !errors.Is(err, digest.ErrUnsupported) {
			t.Errorf("%s: %v, %v", field, a, err)
		}
	}
	fields := challenges(t, `Digest realm="r", nonce="n", qop="auth"`)
	for _, c := range []struct {
		user, target string
		want         error
	}{{"a\r\nb", "/", digest.ErrCredentials}, {"a", "/\r\nX: y", digest.ErrTarget}} {
		if a, err := digest.New(c.user, "p", nil).Retry(fields, nil, digest.Request{Method: "GET", Target: c.target}); a != nil || err != c.want {
			t.Errorf("%+v: %v, %v", c, a, err)
		}
	}
}

// A nonce is counted as long as the server stays with it, also if it is told again.
func TestSession_CountsPerNonce(t *testing.T) {
	s := digest.New("u", "p", nil)
	if a, err := s.Answer(page); a != nil || err != nil {
		t.Errorf("before any challenge: %v, %v", a, err)
	}
	one := challenges(t, `Digest realm="r", nonce="one", qop="auth"`)
	two := challenges(t, `Digest realm="r", nonce="two", qop="auth"`)
	var counts []string
	note := func(a *digest.Answer, err error) {
		if err != nil {
			t.Fatal(err)
		}
		p := params(t, a)
		counts = append(counts, get(p, "nonce")+get(p, "nc"))
	}
	note(s.Retry(one, nil, page))
	note(s.Answer(page))
	note(s.Retry(one, nil, page))
	for range 14 {
		note(s.Answer(page))
	}
	counts = append(counts[:3], counts[len(counts)-1])
	note(s.Retry(two, nil, page))
	note(s.Answer(page))
	want := "one00000001 one00000002 one00000003 one00000011 two00000001 two00000002"
	if got := strings.Join(counts, " "); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestSession_CNoncesDiffer(t *testing.T) {
	s := digest.New("u", "p", nil)
	a, _ := s.Retry(challenges(t, `Digest realm="r", nonce="n", qop="auth"`), nil, page)
	b, _ := s.Answer(page)
	if x, y := get(params(t, a), "cnonce"), get(params(t, b), "cnonce"); x == y || len(x) < 16 {
		t.Errorf("%q and %q", x, y)
	}
}

// The key of a -sess algorithm is made of one nonce of the client for as long as the server's lasts.
func TestSession_KeepsTheKeyOfItsNonce(t *testing.T) {
	s := digest.New("u", "p", nonces("first", "second"))
	var got []string
	for _, nonce := range []string{"one", "", "one", "two", ""} {
		var a *digest.Answer
		var err error
		if nonce == "" {
			a, err = s.Answer(page)
		} else {
			a, err = s.Retry(challenges(t, `Digest realm="r", qop=auth, algorithm=SHA-256-sess, nonce=`+nonce), nil, page)
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, get(params(t, a), "cnonce"))
	}
	if want := "first first first second second"; strings.Join(got, " ") != want {
		t.Errorf("%v, want %s", got, want)
	}
}

// Refused credentials are not tried again, and a nonce that has grown stale once.
func TestSession_StopsRetrying(t *testing.T) {
	const first, fresh, stale, other = `Digest realm="r", nonce="1"`, `Digest realm="r", nonce="2"`, `Digest realm="r", nonce="3", stale=TRUE`, `Digest realm="o", nonce="4"`
	for _, c := range []struct {
		name    string
		advance bool // the request begins with an answer
		refused []string
		want    int // which refusal ends it; 0: none
	}{
		{"credentials", false, []string{first, fresh}, 2},
		{"credentials, the same nonce", false, []string{first, first}, 2},
		{"said not to be stale", false, []string{first, fresh + `, stale=false`}, 2},
		{"stale", false, []string{first, stale}, 0},
		{"stale again", false, []string{first, stale, stale}, 3},
		{"credentials after a stale nonce", false, []string{first, stale, fresh}, 3},
		{"another realm", false, []string{first, other}, 0},
		{"one realm after the other", false, []string{first, other, first, other}, 3},
		{"in advance", true, []string{fresh}, 1},
		{"in advance, stale", true, []string{stale}, 0},
		{"in advance, another realm, then stale", true, []string{other, `Digest realm="o", nonce="5", stale=true`}, 0},
		{"in advance, always stale", true, []string{stale, stale, stale}, 3},
	} {
		s := digest.New("u", "p", nil)
		var last *digest.Answer
		if c.advance {
			if _, err := s.Retry(challenges(t, first), nil, page); err != nil {
				t.Fatal(err)
			}
			last, _ = s.Answer(page)
		}
		got := 0
		for i, field := range c.refused {
			a, err := s.Retry(challenges(t, field), last, page)
			if err != nil {
				if !errors.Is(err, digest.ErrRejected) || a != nil {
					t.Errorf("%s: %v, %v", c.name, a, err)
				}
				got = i + 1
				break
			}
			last = a
		}
		if got != c.want {
			t.Errorf("%s: ended by refusal %d, want %d", c.name, got, c.want)
		}
	}
}

func TestSession_ProtectsTheBodyWhereItMust(t *testing.T) {
	const realm = `Digest realm="r", nonce="n", `
	post := digest.Request{Method: "POST", Target: "/"}
	s := digest.New("u", "p", nil)
	if a, err := s.Retry(challenges(t, realm+`qop=auth-int`), nil, post); a != nil || !errors.Is(err, digest.ErrBody) {
		t.Errorf("without the body: %v, %v", a, err)
	}
	responses := map[string]bool{}
	for _, body := range []string{"", "a", "b"} {
		post.Body = []byte(body)
		s := digest.New("u", "p", nonces("c"))
		a, err := s.Retry(challenges(t, realm+`qop="AUTH-INT"`), nil, post)
		if err != nil {
			t.Fatal(err)
		}
		if q := get(params(t, a), "qop"); q != "auth-int" {
			t.Errorf("qop is %q", q)
		}
		got := get(params(t, a), "response")
		responses[got] = true
		if want := response(check{"u", "p", "POST", body}, params(t, a)); got != want {
			t.Errorf("%q: %s, want %s", body, got, want)
		}
	}
	if len(responses) != 3 {
		t.Errorf("three bodies have %d responses", len(responses))
	}
	a, err := s.Retry(challenges(t, realm+`qop="auth-int, auth"`), nil, post)
	if err != nil || get(params(t, a), "qop") != "auth" {
		t.Errorf("both offered: %+v, %v", a, err)
	}
}

// What has quotes keeps its value on the way back, and is hashed as what it stands for.
func TestSession_Quotes(t *testing.T) {
	s := digest.New(`u"\`, "p", nonces("c"))
	a, err := s.Retry(challenges(t, `Digest realm="a \"b\" \\c", nonce="n\"", opaque="\\"`), nil, digest.Request{Method: "GET", Target: `/"x"`})
	if err != nil {
		t.Fatal(err)
	}
	p := params(t, a)
	for name, want := range map[string]string{"username": `u"\`, "realm": `a "b" \c`, "nonce": `n"`, "opaque": `\`, "uri": `/"x"`} {
		if got := get(p, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got, want := get(p, "response"), response(check{user: `u"\`, password: "p", method: "GET"}, p); got != want {
		t.Errorf("the response is %s, want %s", got, want)
	}
}

func TestSession_NamesBeyondASCII(t *testing.T) {
	const decomposed, composed = "Ja\u0308s\u00f8n", "J\u00e4s\u00f8n"
	for _, c := range []struct{ more, want string }{
		{``, `username="` + decomposed + `"`},
		{`, charset=utf-8`, `username*=UTF-8''J%C3%A4s%C3%B8n`},
	} {
		a, err := digest.New(decomposed, "p", nil).Retry(challenges(t, `Digest realm="r", nonce="n"`+c.more), nil, page)
		if err != nil || !strings.HasPrefix(a.Field, "Digest "+c.want+", ") {
			t.Errorf("%s: %+v, %v", c.more, a, err)
		}
	}
	proof := func(user, password string) string {
		a, err := digest.New(user, password, nil).Retry(challenges(t, `Digest realm="r", nonce="n", charset=UTF-8`), nil, page)
		if err != nil {
			t.Fatal(err)
		}
		return get(params(t, a), "response")
	}
	if proof(decomposed, decomposed) != proof(composed, composed) {
		t.Error("how a letter was typed matters")
	}
	a, err := digest.New("plain", "p", nil).Retry(challenges(t, `Digest realm="r", nonce="n", charset=UTF-8`), nil, page)
	if err != nil || get(params(t, a), "username") != "plain" {
		t.Errorf("%+v, %v", a, err)
	}
}
