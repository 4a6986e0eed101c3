package tunnel

import (
	"encoding/base64"
	"math"
	"net/url"

	"eddy/http1"
	"eddy/httputil"
)

// refusalBody is how many bytes of a refusal's body are worth reading, framing included, to keep the
// connection for a second try.
const refusalBody = 64 << 10

// limits are those of heads. The length of a refusal's body is looked at here.
var limits = http1.Limits{Body: -1}.WithDefaults()

// connect is the client's side of HTTP's CONNECT (RFC 9110 §9.3.6).
type connect struct {
	request http1.RequestEncoder
	reader  http1.ResponseReader
	first   []byte
	refusal *Error // the final head, if it is one
	skipped int    // bytes of the refusal's body
}

func newConnect(proxy *url.URL, to destination, extra *httputil.Header) (*connect, error) {
	c := new(connect)
	h, err := connectHeader(proxy, extra)
	if err != nil {
		return nil, err
	}
	authority := to.authority()
	if c.first, err = c.request.AppendHead(nil, "CONNECT", authority, authority, h, 0); err != nil {
		return nil, err
	}
	if c.first, err = c.request.AppendEnd(c.first, nil); err != nil {
		return nil, err
	}
	return c, c.reader.Start("CONNECT")
}

// connectHeader makes the request's header. What the caller has set wins.
func connectHeader(proxy *url.URL, extra *httputil.Header) (*httputil.Header, error) {
	h := new(httputil.Header)
	if extra != nil {
		for _, f := range extra.Fields() {
			if err := h.Add(f.Name, f.Value); err != nil {
				return nil, err
			}
		}
	}
	switch {
	case !h.Has("User-Agent"):
		h.Append("User-Agent", "eddy")
	case h.Get("User-Agent") == "":
		h.Del("User-Agent")
	}
	if u := proxy.User; u != nil && !h.Has("Proxy-Authorization") {
		password, _ := u.Password()
		pair, err := httputil.Credentials(u.Username(), password)
		if err != nil {
			return nil, err
		}
		h.Append("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
	}
	return h, nil
}

func (c *connect) begin() []byte { return c.first }

func (c *connect) take(in []byte) (p progress, err error) {
	for c.refusal == nil {
		n, err := c.reader.FindHead(in[p.used:], &limits)
		if err != nil || n == 0 {
			return p, err
		}
		var head http1.ResponseHead
		if err := c.reader.ParseHead(string(in[p.used:p.used+n]), &limits, &head); err != nil {
			return p, err
		}
		p.used += n
		if head.Interim() {
			continue
		}
		if head.Status/100 == 2 { // what follows is the target's
			p.open = true
			return p, nil
		}
		c.refusal = &Error{Status: head.Status, Reason: statusReason(head.Status), Header: head.Header}
		if !c.mayGoOn(&head) {
			return p, c.refusal
		}
	}
	return c.skip(in, p)
}

// mayGoOn reports whether there can be a second try behind this refusal.
func (c *connect) mayGoOn(head *http1.ResponseHead) bool {
	return head.Status == 407 && c.request.KeepAlive() && c.reader.KeepAlive() && head.ContentLength <= refusalBody
}

// skip drops the body of a refusal, so that another request can follow.
func (c *connect) skip(in []byte, p progress) (progress, error) {
	for {
		_, n, done, err := c.reader.ReadBody(in[p.used:], math.MaxInt, &limits, nil)
		p.used += n
		c.skipped += n
		switch {
		case done:
			// Bytes behind it are an answer that nobody has asked for, and must not be taken for
			// the one to the second try.
			c.refusal.KeepAlive = p.used == len(in)
			return p, c.refusal
		case err != nil || c.skipped > refusalBody:
			return p, c.refusal
		case n == 0:
			p.brief = true
			return p, nil
		}
	}
}

func (c *connect) end() error {
	if c.refusal != nil {
		return c.refusal
	}
	return errClosed()
}

func statusReason(status int) string {
	switch {
	case status == 101:
		return "the proxy has switched to a protocol that nobody asked for"
	case status == 407:
		return "the proxy wants credentials, or others"
	case status == 403 || status == 405:
		return "the proxy does not allow it"
	case status >= 502 && status <= 504:
		return "the proxy cannot reach the target"
	}
	return "the proxy has refused"
}
