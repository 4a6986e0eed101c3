package httpclient

import (
	"context"
	"io"
	"net/http"

	"eddy/http1"
	"eddy/httputil"
)

// expectation settles whether the body waits for the server to ask for it: if the request says so, and
// no server has refused that.
func (h *hop) expectation(out *outgoing, allowed bool) {
	if out.length == 0 || !allowed {
		out.expect = false
		out.header.Del("Expect") // which would promise a body that does not come, or be refused again
		return
	}
	out.expect = h.req.ExpectContinue || out.header.HasToken("Expect", "100-continue")
	if !out.expect {
		return
	}
	if !out.header.Has("Expect") {
		out.header.Append("Expect", "100-continue")
	}
	if body := out.body; out.source == nil {
		out.body = nil
		out.source = func(_ context.Context, w io.Writer) error {
			_, err := w.Write(body)
			return err
		}
	}
}

// refused reports whether the server wants no expectations, so that the request is to be sent without: it
// says nothing about the request itself (RFC 9110 §10.1.1).
func (x *exchange) refused(resp *Response) bool {
	if resp == nil || resp.Status != http.StatusExpectationFailed || !x.out.expect {
		return false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return !x.begun
}

// check returns what cannot be sent, before a connection is wasted on it: a part that would break out of its
// place.
func (o *outgoing) check() error {
	var e http1.RequestEncoder
	var line [512]byte // on the stack
	if _, err := e.AppendHead(line[:0], o.method, o.target, o.host, nil, o.length); err != nil {
		return err
	}
	for _, f := range o.header.Fields() {
		if !httputil.IsToken(f.Name) || !httputil.IsFieldValue(f.Value) {
			return &httputil.HeaderError{Name: f.Name, Reason: "it cannot be sent"}
		}
	}
	return nil
}
