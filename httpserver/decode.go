package httpserver

import (
	"context"
	"strings"

	"eddy/httputil"
	"eddy/internal/coding"
)

// decoding is a handler in front of another, for which it decodes bodies.
type decoding struct {
	next  httputil.Handler
	limit int64 // of what comes out, negative for none
	pool  coding.Pool
}

// The field that tells handlers what was decoded is Tornado's.
const (
	contentEncoding  = "Content-Encoding"
	consumedEncoding = "X-Consumed-Content-Encoding"
)

// ServeRequest implements httputil.Handler.
func (d *decoding) ServeRequest(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
	r.Header.Del(consumedEncoding) // a client has no say in this
	was := codingOf(r)
	if body, ok := d.pool.NewReader(r.Body, was, coding.Options{Limit: d.limit, Strict: true}); ok {
		defer body.Stop(httputil.ErrFinished)
		r.Header.Del(contentEncoding)
		r.Header.Append(consumedEncoding, was)
		r.Header.Del("Content-Length")
		r.Body, r.ContentLength = body, -1
	}
	d.next.ServeRequest(ctx, w, r)
}

// codingOf returns the Content-Encoding of a request that has a body, and that field once.
func codingOf(r *httputil.Request) string {
	found, value := 0, ""
	for _, f := range r.Header.Fields() {
		if strings.EqualFold(f.Name, contentEncoding) {
			found, value = found+1, f.Value
		}
	}
	if found != 1 || r.ContentLength == 0 {
		return ""
	}
	return value
}
