package redirect

import (
	"errors"
	"net/url"
	"strings"
)

// Why a redirect is not followed. None of the errors holds anything of the response.
var (
	// ErrNone says that the response is no redirect, but the result.
	ErrNone = errors.New("not a redirect")

	// ErrTooMany says that the bound of the chain is reached.
	ErrTooMany = errors.New("too many redirects")

	// ErrLocation says that the Location is malformed: no URL, one with control characters or without a
	// usable host, or several that differ.
	ErrLocation = errors.New("malformed Location")

	// ErrScheme says that the Location's scheme is neither http nor https.
	ErrScheme = errors.New("the Location has a scheme that is not followed")

	// ErrBody says that the body would have to be sent again and cannot be.
	ErrBody = errors.New("the body cannot be sent again")
)

// A Body says whether a request has a body, and whether that can be sent once more.
type Body uint8

const (
	NoBody     Body = iota // nothing was sent
	Once                   // it can be sent once, and has been
	Replayable             // it can be sent again
)

// A Request is what a chain needs to know of its first request.
type Request struct {
	Method string   // "" is GET
	URL    *url.URL // with scheme and host; its user information belongs to the credentials
	Body   Body
}

// A Plan is the request that follows a redirect.
type Plan struct {
	Method string

	// URL is absolute, of scheme http or https, and holds ASCII alone, the host in its A-label form. It has the
	// fragment of the URL before unless the Location has one (RFC 9110 §10.2.2). It has the user information of
	// the first URL while the credentials may be sent, never the Location's own: that only serves to disguise
	// the host (RFC 9110 §4.2.4).
	URL *url.URL

	// KeepBody says that the body is to be sent again. Otherwise the fields that describe it go, too.
	KeepBody bool

	// DropCredentials says that nothing that identifies the user may be sent: no Authorization, Cookie and
	// Proxy-Authorization, no user information, no client certificate. [Plan.Apply] sees to the fields. Cookies
	// from a jar are not meant: they have rules of their own.
	DropCredentials bool

	// Downgrade says that the redirect leads from https to http, where everybody on the way can read and change what is
	// sent. The caller may refuse it.
	Downgrade bool

	// Referer is the URL before for a client that sends one, without user information and fragment; to another
	// origin only its scheme and host, and "" on a downgrade.
	Referer string
}

// A Chain follows the redirects of one request.
type Chain struct {
	method string
	at     *url.URL
	body   Body
	left   int // redirects that may be followed

	user   *url.Userinfo // of the first request
	origin origin
	away   bool // some request was for another origin
}

// New returns the chain of a request, with a bound on redirects; none are followed if it is 0 or less. The
// chain has a URL of its own.
func New(first Request, most int) *Chain {
	method := first.Method
	if method == "" {
		method = "GET"
	}
	at := *first.URL
	at.Scheme = strings.ToLower(at.Scheme)
	if host, err := cleanHost(&at); err == nil {
		at.Host = host
	}
	return &Chain{
		method: method, at: &at, body: first.Body, left: most,
		user: first.URL.User, origin: originOf(first.URL),
	}
}

// Next returns what follows the response to the last request of the chain, whose Location fields are
// given as they came. It fails with an error of this package, and then the chain stays where it is.
func (c *Chain) Next(status int, locations []string) (Plan, error) {
	if !isRedirect(status) || len(locations) == 0 || locations[0] == "" || c.method == "CONNECT" {
		return Plan{}, ErrNone
	}
	if c.left <= 0 {
		return Plan{}, ErrTooMany
	}
	for _, l := range locations[1:] {
		if l != locations[0] {
			return Plan{}, ErrLocation
		}
	}
	target, err := resolve(c.at, locations[0])
	if err != nil {
		return Plan{}, err
	}
	p := Plan{URL: target}
	p.Method, p.KeepBody = c.carry(status)
	if p.KeepBody && c.body == Once {
		return Plan{}, ErrBody
	}
	p.Downgrade = c.at.Scheme == "https" && target.Scheme == "http"
	p.DropCredentials = c.away || originOf(target) != c.origin
	if !p.DropCredentials {
		target.User = c.user
	}
	if !p.Downgrade {
		p.Referer = referer(c.at, target)
	}
	c.step(&p)
	return p, nil
}

// step makes the plan the chain's last request.
func (c *Chain) step(p *Plan) {
	at := *p.URL // the caller may change its own
	c.method, c.at, c.away = p.Method, &at, p.DropCredentials
	if !p.KeepBody {
		c.body = NoBody
	}
	c.left--
}

func isRedirect(status int) bool {
	switch status {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}

// carry returns the method of the next request, and whether the body goes with it (RFC 9110 §15.4).
func (c *Chain) carry(status int) (method string, body bool) {
	body = c.body != NoBody
	switch {
	case status == 303 && c.method == "HEAD":
		return c.method, false
	case status == 303, status <= 302 && c.method == "POST":
		return "GET", false
	}
	return c.method, body
}

// referer returns the Referer of a request for to that from led to (RFC 9110 §10.1.3).
func referer(from, to *url.URL) string {
	if originOf(from) != originOf(to) {
		return (&url.URL{Scheme: from.Scheme, Host: from.Host, Path: "/"}).String()
	}
	r := *from
	r.User, r.Fragment, r.RawFragment = nil, "", ""
	return r.String()
}
