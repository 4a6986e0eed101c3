package digest_test

import (
	"context"
	"crypto/fips140"
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"eddy/httputil"
	"eddy/internal/digest"
)

// check is what a server knows of a request. Its arithmetic is written from the RFC, apart
// from that of the package.
type check struct{ user, password, method, body string }

// response is what the parameter of this name must be (RFC 7616 §3.4.1).
func response(c check, p httputil.Params) string {
	hash := func(s string) string {
		switch a := strings.ToUpper(get(p, "algorithm")); {
		case strings.HasPrefix(a, "SHA-256"):
			return fmt.Sprintf("%x", sha256.Sum256([]byte(s)))
		case strings.HasPrefix(a, "SHA-512-256"):
			return fmt.Sprintf("%x", sha512.Sum512_256([]byte(s)))
		}
		return fmt.Sprintf("%x", md5.Sum([]byte(s)))
	}
	a1 := c.user + ":" + get(p, "realm") + ":" + c.password
	if strings.HasSuffix(strings.ToLower(get(p, "algorithm")), "-sess") {
		a1 = hash(a1) + ":" + get(p, "nonce") + ":" + get(p, "cnonce")
	}
	a2 := c.method + ":" + get(p, "uri")
	qop := get(p, "qop")
	if qop == "auth-int" {
		a2 += ":" + hash(c.body)
	}
	if qop == "" {
		return hash(hash(a1) + ":" + get(p, "nonce") + ":" + hash(a2))
	}
	return hash(strings.Join([]string{hash(a1), get(p, "nonce"), get(p, "nc"), get(p, "cnonce"), qop, hash(a2)}, ":"))
}

// server wants digests, and notes those that it was sent.
type server struct {
	challenge string // without its nonce
	mu        sync.Mutex
	answers   []string
}

const user, password = `Mufasa "the" King`, `Circle of\Life`

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	field := r.Header.Get("Authorization")
	list, err := httputil.ParseChallenges(field)
	if err != nil || len(list) != 1 {
		w.Header().Set("WWW-Authenticate", `Digest nonce="a+b/c=", `+s.challenge)
		w.WriteHeader(401)
		return
	}
	s.mu.Lock()
	s.answers = append(s.answers, field)
	s.mu.Unlock()
	p := list[0].Params
	c := check{user, password, r.Method, string(body)}
	if get(p, "uri") != r.RequestURI || get(p, "response") != response(c, p) || get(p, "nonce") != "a+b/c=" {
		w.WriteHeader(403)
		return
	}
	if c.method = ""; get(p, "qop") == "" {
		return
	}
	w.Header().Set("Authentication-Info", fmt.Sprintf(`rspauth="%s", cnonce="%s", nc=%s, qop=%s`, response(c, p), get(p, "cnonce"), get(p, "nc"), get(p, "qop")))
}

// dialects are challenges that the package and curl both know. curl protects no bodies over
// HTTP that it has not sent yet, and hashes a user's quotes with their backslashes.
var dialects = []string{
	`realm="r", qop="auth", algorithm=MD5`,
	`realm="r", qop="auth"`,
	`realm="r", qop="auth, auth-int", algorithm=SHA-256, opaque="o/=="`,
	`realm="r"`,
	`realm="r", qop="auth", algorithm=MD5-sess`,
	`realm="r", qop="auth", algorithm=SHA-256-sess`,
	`realm="r", qop="auth", algorithm=SHA-512-256`,
	`realm="r", qop="auth", algorithm=SHA-256, userhash=true`,
	`realm="with \"quotes\"", qop="auth-int", algorithm=SHA-256`,
	`realm="r", qop="auth-int", algorithm=SHA-512-256-sess`,
}

func TestSession_WithAServer(t *testing.T) {
	for _, d := range dialects {
		t.Run(d, func(t *testing.T) {
			s := httptest.NewServer(&server{challenge: d})
			defer s.Close()
			defer s.Client().CloseIdleConnections()
			session := digest.New(user, password, nil)
			var last *digest.Answer
			for i, want := range []int{401, 200, 200} {
				r := digest.Request{Method: "POST", Target: "/a%20b?c=d", Body: []byte("body")}
				if i == 2 {
					last, _ = session.Answer(r)
				}
				resp := exchange(t, s, r, last)
				if resp.StatusCode != want {
					t.Fatalf("request %d: status %d, want %d", i, resp.StatusCode, want)
				}
				if i == 0 {
					var err error
					if last, err = session.Retry(challenges(t, resp.Header["Www-Authenticate"]...), last, r); err != nil {
						t.Fatal(err)
					}
					continue
				}
				proved, err := session.Info(last, resp.Header["Authentication-Info"], r.Body)
				if want := strings.Contains(d, "qop"); proved != want || err != nil {
					t.Errorf("request %d: proved %v, %v", i, proved, err)
				}
			}
		})
	}
}

func exchange(t *testing.T, s *httptest.Server, r digest.Request, a *digest.Answer) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), r.Method, s.URL+r.Target, strings.NewReader(string(r.Body)))
	if err != nil {
		t.Fatal(err)
	}
	if a != nil {
		req.Header.Set("Authorization", a.Field)
	}
	resp, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp
}

// curl's answers to the same challenges are ours, with its nonce: the same parameters with the same
// values.
func TestSession_AnswersAsCurl(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl here")
	}
	same := 0
	for _, d := range dialects {
		if strings.Contains(d, "SHA-512") || strings.Contains(d, `quotes`) {
			continue // old ones do not know these, or hash the backslashes
		}
		t.Run(d, func(t *testing.T) {
			h := &server{challenge: d}
			s := httptest.NewServer(h)
			defer s.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			out, err := exec.CommandContext(ctx, "curl", "-q", "-s", "--noproxy", "*", "--digest", "-u", "Mufasa:Circle of Life", s.URL+"/a%20b?c=d").CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if len(h.answers) != 1 {
				t.Fatalf("curl has sent %d answers: %q", len(h.answers), h.answers)
			}
			theirs := challenges(t, h.answers[0])[0].Params
			session := digest.New("Mufasa", "Circle of Life", nonces(get(theirs, "cnonce")))
			a, err := session.Retry(challenges(t, `Digest nonce="a+b/c=", `+d), nil, digest.Request{Method: "GET", Target: "/a%20b?c=d"})
			if err != nil {
				t.Fatal(err)
			}
			ours := params(t, a)
			if len(ours) != len(theirs) {
				t.Errorf("other parameters:\nours   %s\ncurl's %s", a.Field, h.answers[0])
			}
			for _, p := range theirs {
				if got, ok := ours.Get(p.Name); !ok || got != p.Value {
					t.Errorf("%s is %q, and %q with curl", p.Name, got, p.Value)
				}
			}
			same++
		})
	}
	if same == 0 {
		t.Error("nothing was compared")
	}
}

// MD5 is not to be had where FIPS 140-3 is enforced, which a program is for all of its life.
func TestSession_WithoutMD5(t *testing.T) {
	if !fips140.Enforced() {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSession_WithoutMD5$", "-test.v")
		cmd.Env = append(os.Environ(), "GODEBUG=fips140=only")
		out, err := cmd.CombinedOutput()
		if strings.Contains(string(out), "not supported") {
			t.Skipf("%s", out)
		}
		if err != nil || !strings.Contains(string(out), "--- PASS: TestSession_WithoutMD5") {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	s := digest.New("u", "p", nil)
	const rest = `realm="r", nonce="n", qop=auth`
	for _, md5 := range []string{"", ", algorithm=MD5", ", algorithm=MD5-sess"} {
		if a, err := s.Retry(challenges(t, `Digest `+rest+md5), nil, page); a != nil || !errors.Is(err, digest.ErrUnsupported) {
			t.Errorf("%s: %v, %v", md5, a, err)
		}
	}
	if _, err := s.Retry(challenges(t, `Digest `+rest, `Digest algorithm=SHA-256, `+rest), nil, page); err != nil {
		t.Error(err)
	}
}

func TestSession_InfoMustBeTheServers(t *testing.T) {
	s := digest.New("u", "p", nonces("c", "d"))
	a, err := s.Retry(challenges(t, `Digest realm="r", nonce="n", qop=auth`), nil, page)
	if err != nil {
		t.Fatal(err)
	}
	good := response(check{"u", "p", "", ""}, params(t, a))
	for _, c := range []struct {
		field  string
		proved bool
		err    error
	}{
		{``, false, nil},
		{`qop=auth`, false, nil},
		{`rspauth="` + good + `"`, true, nil},
		{`rspauth="` + good + `", nc=00000001, cnonce="c", qop=auth`, true, nil},
		{`rspauth="` + good + `", nc=00000002`, false, digest.ErrServer},
		{`rspauth="` + good + `", cnonce="d"`, false, digest.ErrServer},
		{`rspauth="` + good + `", qop=auth-int`, false, digest.ErrServer},
		{`rspauth="` + good[1:] + `"`, false, digest.ErrServer},
		{`rspauth=""`, false, digest.ErrServer},
		{`rspauth="`, false, digest.ErrServer},
		{`rspauth`, false, digest.ErrServer},
		{`Basic realm=x`, false, digest.ErrServer},
		{`a=b, Basic`, false, digest.ErrServer},
	} {
		if proved, err := s.Info(a, []string{c.field}, nil); proved != c.proved || !errors.Is(err, c.err) || err != nil && c.err == nil {
			t.Errorf("%s: %v, %v", c.field, proved, err)
		}
	}
}

// The key of a session outlives the nonce that it was made of (RFC 7616 §3.4.2); the count does not.
func TestSession_FollowsTheNextNonce(t *testing.T) {
	for _, algorithm := range []string{"MD5", "MD5-sess"} {
		s := digest.New("u", "p", nonces("c", "d", "e", "f"))
		a, err := s.Retry(challenges(t, `Digest realm="r", nonce="n", qop=auth, algorithm=`+algorithm), nil, page)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Info(a, []string{`nextnonce="m"`, `nc=00000001`}, nil); err != nil {
			t.Fatal(err)
		}
		b, err := s.Answer(page)
		if err != nil {
			t.Fatal(err)
		}
		p := params(t, b)
		if get(p, "nonce") != "m" || get(p, "nc") != "00000001" {
			t.Errorf("%s: %s", algorithm, b.Field)
		}
		want := response(check{"u", "p", "GET", ""}, p)
		if algorithm == "MD5-sess" {
			h := func(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) }
			want = h(h(h("u:r:p")+":n:c") + ":m:00000001:c:auth:" + h("GET:"+page.Target))
		}
		if got := get(p, "response"); got != want {
			t.Errorf("%s: the response is %s, want %s", algorithm, got, want)
		}
		// A late one of the first nonce does not bring anything back.
		if _, err := s.Info(a, []string{`nextnonce="old"`}, nil); err != nil {
			t.Fatal(err)
		}
		if c, err := s.Answer(page); err != nil || get(params(t, c), "nonce") != "m" || get(params(t, c), "nc") != "00000002" {
			t.Errorf("%s: %+v, %v", algorithm, c, err)
		}
	}
}

func TestSession_ManyAtOnce(t *testing.T) {
	s := digest.New("u", "p", nil)
	list := challenges(t, `Digest realm="r", nonce="n", qop=auth, algorithm=SHA-256-sess`)
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[string]int{}
	for range 8 {
		wg.Go(func() {
			for i := range 20 {
				var a *digest.Answer
				var err error
				if i == 0 {
					a, err = s.Retry(list, nil, page)
				} else {
					a, err = s.Answer(page)
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				seen[get(params(t, a), "nc")]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != 160 {
		t.Errorf("160 answers have %d counts", len(seen))
	}
}
