package compress

import (
	"context"
	"net/http"

	"eddy/httputil"
)

// Handler returns next with its responses compressed. For what wants an http.Handler, such as eddy.New,
// put httpserver.HTTPHandler around it; to compress what an http.Handler answers put httpserver.Handler
// around that one. It panics if the options are wrong.
func Handler(next httputil.Handler, o Options) httputil.Handler {
	c := New(o)
	return httputil.HandlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		cw := c.Writer(w, r)
		next.ServeRequest(ctx, cw, r)
		cw.End()
	})
}

// Writer returns a writer for the response to r, which goes to w compressed if it is worth it. Who
// calls it calls [Writer.End] when the handler has returned.
func (c *Compressor) Writer(w httputil.ResponseWriter, r *httputil.Request) *Writer {
	return &Writer{
		c: c, w: w, request: &r.Header,
		head:    r.Method == http.MethodHead,
		connect: r.Method == http.MethodConnect,
	}
}
