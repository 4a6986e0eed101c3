package digest

import (
	"crypto/rand"
	"errors"
	"strings"
	"sync"

	"golang.org/x/text/unicode/norm"

	"eddy/httputil"
)

var (
	// ErrUnsupported is returned if no challenge is one of Digest with a known algorithm and qop, and
	// all that it must have.
	ErrUnsupported = errors.New("digest: no challenge that is supported")
	// ErrRejected is returned if the server has looked at the answer and wants another one: the user
	// or password is wrong, or the server calls one nonce after the other stale.
	ErrRejected = errors.New("digest: the credentials were rejected")
	// ErrBody is returned if the server takes auth-int only, and the request's body is not given.
	ErrBody = errors.New("digest: the server wants the body protected, which is not known before it is sent")
	// ErrCredentials is returned for a user with control characters, which no field can hold.
	ErrCredentials = errors.New("digest: the user name holds a control character")
	// ErrTarget is returned for a request target with control characters.
	ErrTarget = errors.New("digest: the request target holds a control character")
)

// Session is what one user says to one server, or to one proxy. Its methods may be called from any
// goroutine.
type Session struct {
	user, password string
	cnonce         func() string

	mu    sync.Mutex
	known bool
	last  challenge
	count uint32 // how many answers have used its nonce
	own   string // the client's nonce of a session's key, for -sess
}

// New returns a session without a challenge yet. cnonce makes the client's nonces, which nobody
// may be able to guess; nil means random ones.
func New(user, password string, cnonce func() string) *Session {
	if cnonce == nil {
		cnonce = rand.Text
	}
	return &Session{user: user, password: password, cnonce: cnonce}
}

// A Request is what an answer is for.
type Request struct {
	Method string
	Target string // as the request line has it: "/a?b", or "host:port" of a CONNECT
	Body   []byte // all of it, not nil, if it is known: see ErrBody
}

// An Answer is one value of Authorization or Proxy-Authorization. Do not change it.
type Answer struct {
	Field string

	challenge challenge
	target    string
	cnonce    string
	nc        string
	qop       string
	secret    string // the hash of user, realm and password
	retries   int    // how many refusals have led to it
}

// Answer answers the challenge of an earlier response before there is another one. It returns nil
// if there was none.
func (s *Session) Answer(r Request) (*Answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.known {
		return nil, nil
	}
	return s.answer(r, 0)
}

// mostRetries is how many refusals one request may meet: an answer in advance to another realm or
// with an old nonce, and a nonce that has grown stale meanwhile.
const mostRetries = 2

// Retry takes the challenges of a response with status 401 or 407 and answers the strongest for
// another try of the request. last is what the refused request has carried, nil if nothing: if
// that was of the same realm, and the server does not call its nonce stale, the credentials are
// wrong (RFC 7616 §3.3), and Retry fails with ErrRejected. So it does if a request that began without an
// answer has met a second stale nonce, or one that was answered in advance a third.
func (s *Session) Retry(challenges []httputil.Challenge, last *Answer, r Request) (*Answer, error) {
	d, ok := strongest(challenges)
	if !ok {
		return nil, ErrUnsupported
	}
	retries := 1
	if last != nil {
		if !d.stale && d.realm == last.challenge.realm || last.retries == mostRetries {
			return nil, ErrRejected
		}
		retries = last.retries + 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.learn(d)
	return s.answer(r, retries)
}

// learn makes d the challenge that is answered. A nonce that is known goes on being counted.
func (s *Session) learn(d challenge) {
	if !s.known || s.last.nonce != d.nonce {
		s.count, s.own = 0, ""
	}
	s.last, s.known = d, true
}

// answer computes the response (RFC 7616 §3.4).
func (s *Session) answer(r Request, retries int) (*Answer, error) {
	d := &s.last
	a := &Answer{challenge: *d, target: r.Target, qop: d.qop(), retries: retries}
	switch {
	case !httputil.IsFieldValue(r.Target):
		return nil, ErrTarget
	case !httputil.IsFieldValue(s.user):
		return nil, ErrCredentials
	case a.qop == qopInt && r.Body == nil:
		return nil, ErrBody
	}
	user, password := s.user, s.password
	if d.utf8 { // RFC 7616 §4
		user, password = norm.NFC.String(user), norm.NFC.String(password)
	}
	a.secret = d.algorithm.sum(user, d.realm, password)
	if a.qop != qopNone {
		s.count++
		a.nc = hexCount(s.count)
		a.cnonce = s.clientNonce()
	}
	a.Field = a.format(user, a.response(r.Method, string(r.Body)))
	return a, nil
}

// clientNonce keeps one nonce for a session's key, which is made of it once (RFC 7616 §3.4.2).
func (s *Session) clientNonce() string {
	if !s.last.algorithm.session {
		return s.cnonce()
	}
	if s.own == "" {
		s.own = s.cnonce()
	}
	return s.own
}

func hexCount(n uint32) string {
	const digits = "0123456789abcdef"
	var b [8]byte
	for i := range b {
		b[i] = digits[n>>(28-4*i)&15]
	}
	return string(b[:])
}

// response is the proof that the user knows the password (RFC 7616 §3.4.1). method is empty for the
// server's own proof.
func (a *Answer) response(method, body string) string {
	d := &a.challenge
	h := &d.algorithm
	secret := a.secret
	if h.session {
		secret = h.sum(secret, d.prime, a.cnonce)
	}
	message := h.sum(method, a.target)
	if a.qop == qopInt {
		message = h.sum(method, a.target, h.sum(body))
	}
	if a.qop == qopNone { // RFC 2069
		return h.sum(secret, d.nonce, message)
	}
	return h.sum(secret, d.nonce, a.nc, a.cnonce, a.qop, message)
}

// format writes the field's value. Which parameters have quotes is prescribed (RFC 7616 §3.4).
func (a *Answer) format(user, response string) string {
	d := &a.challenge
	var b strings.Builder
	b.WriteString("Digest ")
	writeUser(&b, d, user)
	quoted(&b, ", realm=", d.realm)
	quoted(&b, ", nonce=", d.nonce)
	quoted(&b, ", uri=", a.target)
	quoted(&b, ", response=", response)
	if d.algorithm.name != "" {
		b.WriteString(", algorithm=" + d.algorithm.name)
	}
	if a.qop != qopNone {
		quoted(&b, ", cnonce=", a.cnonce)
		b.WriteString(", qop=" + a.qop + ", nc=" + a.nc)
	}
	if d.hasOpaque {
		quoted(&b, ", opaque=", d.opaque)
	}
	if d.userhash {
		b.WriteString(", userhash=true")
	}
	return b.String()
}

// writeUser writes the user as the server wants it. One beyond ASCII has a form of its own, for
// servers that know of it (RFC 7616 §3.4); others are sent the bytes, as browsers do.
func writeUser(b *strings.Builder, d *challenge, user string) {
	ascii := strings.IndexFunc(user, func(r rune) bool { return r >= 0x80 }) < 0
	switch {
	case d.userhash:
		quoted(b, "username=", d.algorithm.sum(user, d.realm))
	case d.utf8 && !ascii:
		// No error: the name is a token, and the value has no control characters.
		text, _ := httputil.FormatParams("", httputil.Params{{Name: "username", Value: user}})
		b.WriteString(strings.TrimPrefix(text, "; "))
	default:
		quoted(b, "username=", user)
	}
}

func quoted(b *strings.Builder, name, value string) {
	b.WriteString(name)
	b.WriteByte('"')
	for i := 0; i < len(value); i++ {
		if c := value[i]; c == '"' || c == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(value[i])
	}
	b.WriteByte('"')
}
