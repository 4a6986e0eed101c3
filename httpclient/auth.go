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

// credentials returns those of the request, of which those in the URL go before those in the fields (SHC-04): the URL is
// what names the resource.
func (r *Request) credentials(u *url.URL) *credentials {
	if u.User != nil && u.User.String() != "" {
		password, _ := u.User.Password()
		return &credentials{u.User.Username(), password, r.AuthMode}
	}
	if r.Username == "" && r.Password == "" {
		return nil
	}
	return &credentials{r.Username, r.Password, r.AuthMode}
}

// some reports whether there are credentials.
func (c *credentials) some() bool { return c != nil && (c.user != "" || c.password != "") }

// basic returns the value of Authorization (RFC 7617).
func (c credentials) basic() (string, error) {
	text, err := httputil.Credentials(c.user, c.password)
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)), err
}

// server is to whom the credentials of the hop are said, as a URL with them.
func (h *hop) server() *url.URL {
	return &url.URL{Scheme: h.url.Scheme, Host: h.url.Host, User: url.UserPassword(h.who.user, h.who.password)}
}

// authorize adds what proves who makes the request, to the server and to a proxy that forwards it.
func (h *hop) authorize(out *outgoing) error {
	if c := h.who; c.some() && !out.header.Has("Authorization") {
		if err := h.addProof(*c, out, "Authorization", &h.answer, h.server()); err != nil {
			return err
		}
	}
	if h.forwarded() && h.proxy.User != nil && !out.header.Has("Proxy-Authorization") {
		password, _ := h.proxy.User.Password()
		c := credentials{h.proxy.User.Username(), password, Basic}
		if h.digestProxy() {
			c.mode = Digest
		}
		return h.addProof(c, out, "Proxy-Authorization", &h.proxyAnswer, h.proxy)
	}
	return nil
}

// addProof adds a field that says who makes the request, unless nothing can be said yet. answer is what was made of the
// challenge in the response to the last try, and becomes what is sent.
func (h *hop) addProof(c credentials, out *outgoing, field string, answer **digest.Answer, at *url.URL) error {
	if c.mode == Basic {
		value, err := c.basic()
		if err == nil {
			out.header.Append(field, value)
		}
		return err
	}
	if *answer == nil {
		var err error
		*answer, err = h.session(at).Answer(h.digestible(out, field))
		if err != nil && err != digest.ErrBody { // then the server has to say whether it must be so
			return err
		}
	}
	if *answer != nil {
		out.header.Append(field, (*answer).Field)
	}
	return nil
}

// digestible returns what an answer is for. To a server the target is what it sees, also behind a proxy that is sent
// another form. The body is known if it is there as a whole.
func (h *hop) digestible(out *outgoing, field string) digest.Request {
	r := digest.Request{Method: out.method, Target: out.target}
	if field == "Authorization" {
		r.Target = h.url.RequestURI()
	}
	if r.Body = out.body; r.Body == nil && out.source == nil {
		r.Body = []byte{}
	}
	return r
}

// maxRounds bounds the challenges that a fetch answers: two are usual, of a proxy and of the server, and stale nonces add
// to them.
const maxRounds = 10

// challenged returns the hop that answers a challenge in resp, nil if there is none that it can answer.
func (h *hop) challenged(resp *Response, out *outgoing) *hop {
	switch {
	case resp.Status == http.StatusUnauthorized && h.who.some() && h.who.mode == Digest && !h.header.Has("Authorization"):
		next := *h
		next.proxyAnswer = nil // the proxy has taken it, and takes another one
		return next.answering(resp, "WWW-Authenticate", &next.answer, h.digestible(out, "Authorization"), h.server())
	case resp.Status == http.StatusProxyAuthRequired && h.forwarded() && h.digestProxy() && !h.header.Has("Proxy-Authorization"):
		next := *h
		next.answer = nil
		return next.answering(resp, "Proxy-Authenticate", &next.proxyAnswer, h.digestible(out, "Proxy-Authorization"), h.proxy)
	}
	return nil
}

// answering returns h with an answer to what a field of resp asks, in place of the last one; nil if there is none.
func (h *hop) answering(resp *Response, field string, answer **digest.Answer, r digest.Request, at *url.URL) *hop {
	if h.rounds++; h.rounds > maxRounds || h.body && !h.req.replayable() {
		return nil
	}
	challenges, _ := httputil.ParseChallenges(resp.Header.Values(field)...)
	var err error
	if *answer, err = h.session(at).Retry(challenges, *answer, r); err != nil {
		return nil
	}
	return h
}

// ErrServerProof is the cause when a server or proxy has sent a proof that it knows the password (RFC 7616 §3.5),
// and it is wrong.
var ErrServerProof = digest.ErrServer

// proved takes what a response says about the next answer of Digest, and checks the proof in it, if there is one.
func (h *hop) proved(resp *Response, x *exchange) error {
	if h.answer != nil {
		if err := h.believe(h.answer, h.server(), resp.Header.Values("Authentication-Info"), x); err != nil {
			return err
		}
	}
	if h.proxyAnswer != nil {
		return h.believe(h.proxyAnswer, h.proxy, resp.Header.Values("Proxy-Authentication-Info"), x)
	}
	return nil
}

// believe is proved for one who was answered. A proof that covers a body that is not here is not looked at.
func (h *hop) believe(answer *digest.Answer, at *url.URL, info []string, x *exchange) error {
	if len(info) == 0 || answer.Covers() && (!x.whole || x.discard) {
		return nil
	}
	_, err := h.session(at).Info(answer, info, x.body.bytes())
	return err
}
