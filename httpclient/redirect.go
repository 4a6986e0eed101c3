package httpclient

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"eddy/internal/redirect"
)

// Redirect is a redirect that is about to be followed, for [Options].CheckRedirect.
type Redirect struct {
	Response *Response // what redirects, without its body; its History has those before
	Method   string    // of the next request
	URL      *url.URL  // where it goes, http or https, without user name
	// Foreign is whether that is another origin (scheme, host and port) than the request's, or another one was on
	// the way. Nothing that identifies the user is sent there: no Authorization, Cookie and Proxy-Authorization
	// of the request, no user name, no client certificate of Request.TLS. A Jar, the certificates of Options.TLS
	// and a proxy's user have rules of their own.
	Foreign bool
}

// RedirectError is why a redirect was not followed, in an [Error] of [PhaseRedirect]. Its cause is
// [ErrTooManyRedirects], [ErrDowngrade], the error of Options.CheckRedirect, or says what is wrong with the
// Location, or that the body cannot be sent again. To have the redirect itself as the result, set
// MaxRedirects below zero.
type RedirectError struct {
	Response *Response // what redirects, without its body; its History has those before
	Err      error
}

func (e *RedirectError) Error() string { return e.Err.Error() }
func (e *RedirectError) Unwrap() error { return e.Err }

// ErrDowngrade is why a redirect is not followed from https to http: see Options.AllowDowngrade.
var ErrDowngrade = errors.New("redirect from https to http")

// isRedirect reports whether a response may redirect, so that nobody wants its body.
func isRedirect(r *Response) bool {
	switch r.Status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		locations := r.Header.Values("Location")
		return len(locations) > 0 && locations[0] != "" // an empty one leads nowhere
	}
	return false
}

// newChain returns the chain of redirects that begins with the hop. A request without a body has an empty one there, so
// that a PUT keeps the fields that describe it.
func (h *hop) newChain() *redirect.Chain {
	first := redirect.Request{Method: h.method, URL: h.url, Body: redirect.Once}
	if h.req.replayable() {
		first.Body = redirect.Replayable
	}
	return redirect.New(first, h.left)
}

// redirected returns the hop that a redirect leads to, nil if it is none.
func (h *hop) redirected(resp *Response) (*hop, error) {
	if h.chain == nil {
		h.chain = h.newChain()
	}
	plan, err := h.chain.Next(resp.Status, resp.Header.Values("Location"))
	switch {
	case errors.Is(err, redirect.ErrNone):
		return nil, nil
	case errors.Is(err, redirect.ErrTooMany):
		err = ErrTooManyRedirects
	case err != nil:
	case plan.Downgrade && !h.client.options.AllowDowngrade:
		err = ErrDowngrade
	case h.client.options.CheckRedirect != nil:
		next := *plan.URL
		next.User = nil
		err = guarded(func() error {
			return h.client.options.CheckRedirect(&Redirect{resp, plan.Method, &next, plan.DropCredentials})
		})
	}
	if err != nil {
		return nil, &RedirectError{resp, err}
	}
	return h.after(resp, &plan)
}

// after returns the hop that the plan says.
func (h *hop) after(resp *Response, plan *redirect.Plan) (*hop, error) {
	h.past = append(h.past, resp)
	h.time.Redirect = time.Since(h.turn())
	next := *h
	next.method, next.url, next.body = plan.Method, plan.URL, h.body && plan.KeepBody
	next.origin = ""
	next.answer, next.proxyAnswer, next.tunnelAnswer = nil, nil, nil
	if next.foreign = plan.DropCredentials; next.foreign {
		next.who = nil
	}
	header := h.header.Clone()
	plan.Apply(&header)
	next.header = &header
	if err := next.aim(); err != nil {
		return nil, &RedirectError{resp, err}
	}
	return &next, nil
}
