package digest

import (
	"crypto/subtle"
	"errors"
	"strings"

	"eddy/httputil"
)

// ErrServer is returned if the server's proof that it knows the password is wrong.
var ErrServer = errors.New("digest: the server does not prove that it knows the password")

// Info takes the Authentication-Info (or Proxy-Authentication-Info) of the response to a request
// that has carried a: the nonce that the server wants in the next one, and its proof that it
// knows the password, too (RFC 7616 §3.5). It reports whether there was such a proof, and fails with
// ErrServer if that is wrong, or the field is malformed. body is that of the response; the proof
// covers it if the request's qop was auth-int.
func (s *Session) Info(a *Answer, values []string, body []byte) (proved bool, err error) {
	params, ok := infoParams(values)
	if !ok {
		return false, ErrServer
	}
	if proof, ok := params.Get("rspauth"); ok && a.qop != qopNone { // that of RFC 2069 is another one
		if !a.proves(params, proof, string(body)) {
			return false, ErrServer
		}
		proved = true
	}
	if next, ok := params.Get("nextnonce"); ok && next != a.challenge.nonce {
		s.follow(a, next)
	}
	return proved, nil
}

// Covers reports whether the server's proof for a covers the body of its response, so that Info needs it.
func (a *Answer) Covers() bool { return a.qop == qopInt }

func infoParams(values []string) (params httputil.Params, ok bool) {
	for _, v := range values {
		list, err := httputil.ParseChallenges("Info " + v)
		if err != nil || len(list) != 1 || list[0].Token != "" {
			return nil, false
		}
		params = append(params, list[0].Params...)
	}
	return params, true
}

// proves compares the proof with what it must be. The numbers of the request, which the server
// repeats, have to be those.
func (a *Answer) proves(params httputil.Params, proof, body string) bool {
	for _, p := range []struct{ name, sent string }{{"cnonce", a.cnonce}, {"nc", a.nc}, {"qop", a.qop}} {
		if v, ok := params.Get(p.name); ok && v != p.sent {
			return false
		}
	}
	return subtle.ConstantTimeCompare([]byte(proof), []byte(a.response("", body))) == 1
}

// follow makes nonce the next one, unless another challenge has been learnt meanwhile.
func (s *Session) follow(a *Answer, nonce string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last.nonce == a.challenge.nonce {
		s.last.nonce, s.count = strings.Clone(nonce), 0 // the session's key stays (RFC 7616 §3.4.2)
	}
}
