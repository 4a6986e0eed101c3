package httpclient

import (
	"errors"
	"net/url"

	"eddy/httputil"
)

// Redirect is a redirect that is about to be followed.
type Redirect struct {
	Response *Response // what redirects
	Method   string    // of the next request
	URL      *url.URL  // where it goes
}

func isRedirect(r *Response) bool {
	switch r.Status {
	case 301, 302, 303, 307, 308:
		return r.Header.Has("Location")
	}
	return false
}

// errDowngrade is why a redirect is not followed from https to http.
var errDowngrade = errors.New("from https to http: see AllowDowngrade")

// redirected returns the hop that a redirect leads to.
func (h *hop) redirected(resp *Response) (*hop, error) {
	if h.left == 0 {
		return nil, ErrTooManyRedirects
	}
	h.left--
	u, err := h.url.Parse(resp.Header.Get("Location"))
	if err != nil {
		return nil, err
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, errScheme
	}
	if u.Hostname() == "" {
		return nil, errHost
	}
	next := *h
	next.url, next.answer, next.proxyAnswer = u, nil, nil
	if resp.Status == 303 && h.method != "HEAD" || resp.Status <= 302 && h.method == "POST" {
		next.method, next.body = "GET", false
	} else if h.body && !h.req.replayable() {
		return nil, errReplay
	}
	if u.Scheme == "http" && h.url.Scheme == "https" && !h.client.options.AllowDowngrade {
		return nil, errDowngrade
	}
	if u.Scheme != h.url.Scheme || withPort(u) != withPort(h.url) {
		next.foreign, next.who = true, credentials{}
	}
	header := h.header.Clone()
	next.header = &header
	if !next.body {
		drop(&header, "Content-Length", "Content-Type", "Content-Encoding", "Transfer-Encoding")
	}
	if next.foreign {
		drop(&header, "Authorization", "Cookie", "Proxy-Authorization", "Host")
	}
	if ask := h.client.options.CheckRedirect; ask != nil {
		if err := ask(&Redirect{resp, next.method, u}); err != nil {
			return nil, err
		}
	}
	h.past = append(h.past, resp)
	return &next, next.aim()
}

func drop(h *httputil.Header, names ...string) {
	for _, name := range names {
		h.Del(name)
	}
}
