package digest

import (
	"crypto/fips140"
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"strings"

	"eddy/httputil"
)

// algorithm is a hash and how it is used.
type algorithm struct {
	name     string // as the challenge calls it, "" if it does not; sent back as it is
	strength int
	new      func() hash.Hash
	session  bool // -sess: the secret is hashed with the nonces once
}

// sum returns the hash of the parts, joined by colons, in hexadecimal.
func (a *algorithm) sum(parts ...string) string {
	h := a.new()
	for i, p := range parts {
		if i > 0 {
			h.Write([]byte{':'})
		}
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil))
}

func algorithmOf(name string) (a algorithm, ok bool) {
	if name != "" && !httputil.IsToken(name) { // beyond ASCII, other letters have the same capitals
		return a, false
	}
	a.name = strings.Clone(name) // or the session kept the whole head
	base := strings.ToUpper(name)
	if name == "" { // RFC 7616 §3.3
		base = "MD5"
	}
	base, a.session = strings.CutSuffix(base, "-SESS")
	switch base {
	case "SHA-512-256":
		a.strength, a.new = 3, sha512.New512_256
	case "SHA-256":
		a.strength, a.new = 2, sha256.New
	case "MD5":
		a.strength, a.new = 1, md5.New
	default:
		return a, false
	}
	// Where FIPS 140-3 is enforced, MD5 panics.
	return a, a.strength > 1 || !fips140.Enforced()
}

// The ways to protect a message (RFC 7616 §3.3). A server of RFC 2069 names none.
const (
	qopNone = ""
	qopAuth = "auth"
	qopInt  = "auth-int"
)

// challenge is what of a challenge its answers depend on.
type challenge struct {
	algorithm algorithm
	realm     string
	nonce     string
	prime     string // the nonce that the server's challenge had: a session's key is made of it
	opaque    string
	hasOpaque bool
	auth      bool // offered
	authInt   bool
	userhash  bool
	utf8      bool
	stale     bool
}

// parse reports false for a challenge that is none of Digest, or that cannot be answered.
func parse(c *httputil.Challenge) (d challenge, ok bool) {
	get := func(name string) string {
		v, _ := c.Params.Get(name)
		return v
	}
	is := func(name, value string) bool { return strings.EqualFold(get(name), value) }

	_, hasRealm := c.Params.Get("realm")
	_, hasNonce := c.Params.Get("nonce")
	if c.Scheme != "digest" || !hasRealm || !hasNonce {
		return d, false
	}
	if d.algorithm, ok = algorithmOf(get("algorithm")); !ok {
		return d, false
	}
	d.realm, d.nonce, d.opaque = strings.Clone(get("realm")), strings.Clone(get("nonce")), strings.Clone(get("opaque"))
	d.prime = d.nonce
	_, d.hasOpaque = c.Params.Get("opaque")
	d.userhash, d.utf8, d.stale = is("userhash", "true"), is("charset", "UTF-8"), is("stale", "true")
	qop, hasQop := c.Params.Get("qop")
	for q := range strings.SplitSeq(qop, ",") {
		q = httputil.TrimOWS(q)
		d.auth = d.auth || strings.EqualFold(q, qopAuth)
		d.authInt = d.authInt || strings.EqualFold(q, qopInt)
	}
	if !hasQop {
		// The nonce of the client, which -sess needs, is sent with a qop only (RFC 2617 §3.2.2).
		return d, !d.algorithm.session
	}
	return d, d.auth || d.authInt
}

// qop chooses how to answer: auth-int only where the server takes nothing else, because it needs
// the whole body before the head.
func (d *challenge) qop() string {
	switch {
	case d.auth:
		return qopAuth
	case d.authInt:
		return qopInt
	}
	return qopNone
}

// strongest returns the challenge to answer.
func strongest(list []httputil.Challenge) (best challenge, ok bool) {
	for i := range list {
		if d, answerable := parse(&list[i]); answerable && (!ok || d.algorithm.strength > best.algorithm.strength) {
			best, ok = d, true
		}
	}
	return best, ok
}
