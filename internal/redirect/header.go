package redirect

import (
	"net/url"

	"eddy/httputil"
)

// Fields that go with the credentials, and with the body.
var (
	secretFields = []string{"Authorization", "Cookie", "Cookie2", "Proxy-Authorization"}
	bodyFields   = []string{
		"Content-Length", "Content-Type", "Content-Encoding", "Content-Language", "Content-Location", "Content-Range",
		"Content-Digest", "Content-MD5", "Digest", "Repr-Digest", "Expect", "Last-Modified", "Trailer", "Transfer-Encoding",
	}
)

// Apply removes from the header of the request before what must not go with the next: Host, which follows from
// the URL, the fields of a body that is dropped, the credentials if they are, and a Referer on a downgrade, or one with
// user information. It adds nothing.
func (p *Plan) Apply(h *httputil.Header) {
	h.Del("Host")
	if !p.KeepBody {
		for _, name := range bodyFields {
			h.Del(name)
		}
	}
	if p.DropCredentials {
		for _, name := range secretFields {
			h.Del(name)
		}
	}
	for _, value := range h.Values("Referer") {
		u, err := url.Parse(value)
		if p.Downgrade || err != nil || u.User != nil {
			h.Del("Referer")
		}
	}
}
