package httpclient_test

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net/http"
	"sync"

	"eddy/httputil"
)

// digestGuard lets requests pass that prove by Digest to know the password "secret" of "user". It takes every
// count of a nonce once, and what is sent must be what was signed.
type digestGuard struct {
	algorithm string
	qop       string
	uses      int  // of a nonce, before it is stale; 0: any number
	next      bool // every answer has another nonce
	lie       bool // its own proof is wrong
	hangUp    bool // refusals close the connection
	proxy     bool

	mu      sync.Mutex
	nonces  map[string]map[string]bool // the counts that were used
	refused int
	passed  int
}

func (g *digestGuard) hash(parts string) string {
	var h hash.Hash = sha256.New()
	if g.algorithm == "MD5" {
		h = md5.New()
	}
	io.WriteString(h, parts)
	return hex.EncodeToString(h.Sum(nil))
}

// proof is the response of RFC 7616 §3.4.1.
func (g *digestGuard) proof(method, target, body string, p httputil.Params) string {
	get := func(name string) string { v, _ := p.Get(name); return v }
	a2 := method + ":" + target
	if get("qop") == "auth-int" {
		a2 += ":" + g.hash(body)
	}
	return g.hash(g.hash("user:realm:secret") + ":" + get("nonce") + ":" + get("nc") + ":" + get("cnonce") + ":" + get("qop") + ":" + g.hash(a2))
}

// check returns the parameters of an answer that is right, and otherwise whether that was for its nonce.
func (g *digestGuard) check(method, target, body, field string) (p httputil.Params, ok, stale bool) {
	list, err := httputil.ParseChallenges(field)
	if err != nil || len(list) != 1 || list[0].Scheme != "digest" {
		return nil, false, false
	}
	p = list[0].Params
	get := func(name string) string { v, _ := p.Get(name); return v }
	if get("username") != "user" || get("realm") != "realm" || get("uri") != target || get("qop") != g.qop || get("algorithm") != g.algorithm {
		return nil, false, false
	}
	if get("response") != g.proof(method, target, body, p) {
		return nil, false, false
	}
	used, known := g.nonces[get("nonce")]
	if !known || used[get("nc")] || g.uses > 0 && len(used) >= g.uses {
		return nil, false, true
	}
	used[get("nc")] = true
	return p, true, false
}

func (g *digestGuard) nonce() string {
	if g.nonces == nil {
		g.nonces = make(map[string]map[string]bool)
	}
	n := fmt.Sprintf("nonce %d", len(g.nonces))
	g.nonces[n] = make(map[string]bool)
	return n
}

// pass answers a request that must not pass, and reports whether it may.
func (g *digestGuard) pass(w http.ResponseWriter, method, target, body string, header http.Header, answer string) bool {
	field, ask, info, status := "Authorization", "WWW-Authenticate", "Authentication-Info", 401
	if g.proxy {
		field, ask, info, status = "Proxy-Authorization", "Proxy-Authenticate", "Proxy-Authentication-Info", 407
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	p, ok, stale := g.check(method, target, body, header.Get(field))
	if !ok {
		g.refused++
		w.Header().Set(ask, fmt.Sprintf(`Digest realm="realm", nonce="%s", algorithm=%s, qop="%s", stale=%v`, g.nonce(), g.algorithm, g.qop, stale))
		if g.hangUp {
			w.Header().Set("Connection", "close")
		}
		w.WriteHeader(status)
		io.WriteString(w, "refused")
		return false
	}
	g.passed++
	proof := g.proof("", target, answer, p)
	if g.lie {
		proof = g.hash("a lie")
	}
	get := func(name string) string { v, _ := p.Get(name); return v }
	text := fmt.Sprintf(`rspauth="%s", qop=%s, cnonce="%s", nc=%s`, proof, get("qop"), get("cnonce"), get("nc"))
	if g.next {
		text += fmt.Sprintf(`, nextnonce="%s"`, g.nonce())
	}
	w.Header().Set(info, text)
	return true
}

// counts returns how many were refused and passed since the last call.
func (g *digestGuard) counts() (refused, passed int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	refused, passed = g.refused, g.passed
	g.refused, g.passed = 0, 0
	return refused, passed
}

// ServeHTTP implements http.Handler.
func (g *digestGuard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	answer := r.Method + " " + string(body)
	if g.pass(w, r.Method, r.RequestURI, string(body), r.Header, answer) {
		io.WriteString(w, answer)
	}
}
