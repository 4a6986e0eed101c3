package httpclient

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"sync"

	"eddy/httputil"
	"eddy/internal/digest"
)

// sessions remembers the challenges of servers and proxies, so that not every request must be refused first.
type sessions struct {
	mu sync.Mutex
	m  map[sessionKey]*digest.Session
}

type sessionKey struct{ scheme, addr, user, password string }

// maxSessions bounds them. When there are more, all are forgotten, which costs a round trip each.
const maxSessions = 1000

func (s *sessions) get(k sessionKey) *digest.Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.m[k]; d != nil {
		return d
	}
	if len(s.m) >= maxSessions || s.m == nil {
		s.m = make(map[sessionKey]*digest.Session)
	}
	d := digest.New(k.user, k.password, nil)
	s.m[k] = d
	return d
}

// session returns what the user of u says to its host.
func (h *hop) session(u *url.URL) *digest.Session {
	password, _ := u.User.Password()
	return h.client.sessions.get(sessionKey{u.Scheme, u.Host, u.User.Username(), password})
}

// credentials is who makes the request, for the hop's origin: nobody behind a redirect to another one.
type credentials struct {
	user, password string
	mode           AuthMode
}

// credentials returns those of the request, of which those in the fields go before those in the URL.
func (r *Request) credentials(u *url.URL) (c credentials) {
	switch {
	case r.Username != "" || r.Password != "":
		return credentials{r.Username, r.Password, r.AuthMode}
	case u.User != nil:
		password, _ := u.User.Password()
		return credentials{u.User.Username(), password, r.AuthMode}
	}
	return credentials{}
}

// some reports whether there are credentials.
func (c credentials) some() bool { return c.user != "" || c.password != "" }

// basic returns the value of Authorization (RFC 7617).
func (c credentials) basic() (string, error) {
	text, err := httputil.Credentials(c.user, c.password)
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)), err
}

// authorize adds what proves who makes the request, to the server and to a proxy that forwards it.
func (h *hop) authorize(out *outgoing) error {
	if c := h.who; c.some() && !out.header.Has("Authorization") {
		value, err := h.proof(c, out, &h.answer, &url.URL{Scheme: h.url.Scheme, Host: h.url.Host, User: url.UserPassword(c.user, c.password)})
		if err != nil {
			return err
		}
		if value != "" {
			out.header.Append("Authorization", value)
		}
	}
	if h.forwarded() && h.proxy.User != nil {
		password, _ := h.proxy.User.Password()
		c := credentials{h.proxy.User.Username(), password, Basic}
		if h.digestProxy() {
			c.mode = Digest
		}
		value, err := h.proof(c, out, &h.proxyAnswer, h.proxy)
		if err != nil {
			return err
		}
		if value != "" {
			out.header.Append("Proxy-Authorization", value)
		}
	}
	return nil
}

// proof returns the value of a field that says who makes the request, "" if nothing can be said yet.
// answer is what was made of the challenge in the response to the last try, and becomes what is sent.
func (h *hop) proof(c credentials, out *outgoing, answer **digest.Answer, at *url.URL) (string, error) {
	if c.mode == Basic {
		return c.basic()
	}
	if *answer == nil {
		var err error
		if *answer, err = h.session(at).Answer(digest.Request{Method: h.method, Target: out.target, Body: out.digestible()}); err != nil {
			return "", err
		}
	}
	if *answer == nil {
		return "", nil
	}
	return (*answer).Field, nil
}

// digestible returns the body if it is known, which is not nil then.
func (o *outgoing) digestible() []byte {
	switch {
	case o.source != nil:
		return nil
	case o.body == nil:
		return []byte{}
	}
	return o.body
}

// challenged returns the hop that answers a challenge in resp, nil if there is none that it can answer.
func (h *hop) challenged(resp *Response, out *outgoing) *hop {
	next := *h
	field, answer, at := "WWW-Authenticate", &next.answer, &url.URL{Scheme: h.url.Scheme, Host: h.url.Host}
	switch {
	case resp.Status == http.StatusUnauthorized && h.who.some() && h.who.mode == Digest:
		at.User = url.UserPassword(h.who.user, h.who.password)
	case resp.Status == http.StatusProxyAuthRequired && h.forwarded() && h.digestProxy():
		field, answer, at = "Proxy-Authenticate", &next.proxyAnswer, h.proxy
	default:
		return nil
	}
	if !h.req.replayable() {
		return nil
	}
	challenges, _ := httputil.ParseChallenges(resp.Header.Values(field)...)
	var err error
	*answer, err = h.session(at).Retry(challenges, *answer, digest.Request{Method: h.method, Target: out.target, Body: out.digestible()})
	if err != nil {
		return nil
	}
	return &next
}
