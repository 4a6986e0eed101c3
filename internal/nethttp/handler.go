package nethttp

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"

	"eddy/httputil"
	"eddy/internal/habit"
)

// Handler returns an httputil.Handler that answers by h. The request's context is the
// engine's; a panic in h, http.ErrAbortHandler among them, passes through to the engine.
//
// Whether h blocks is learned as for a route; if h is an *http.ServeMux that has been seen
// to block, for each of its patterns. The name for the log is the type, that of a function its
// own, and a number if there are several.
func Handler(h http.Handler) httputil.Handler {
	mux, ok := h.(*http.ServeMux)
	name := nameOf(h)
	if ok {
		name = "http.ServeMux, whose patterns are told apart"
	}
	return &hosted{Handler: h, mux: mux, whole: habit.New(names.unique(name), habit.Learned)}
}

type hosted struct {
	http.Handler
	whole    *habit.Habit
	mux      *http.ServeMux // nil if it is none
	patterns sync.Map       // from a pattern of mux to its *habit.Habit
}

// redirect is the type of what a ServeMux answers by for a path that it would rather have
// another way. Its pattern is that path, which the client has made up.
var redirect = reflect.TypeOf(http.RedirectHandler("/", http.StatusMovedPermanently))

// habitOf returns what a request follows. To find its pattern costs as much as to route it, so
// that is done only for a mux that blocks.
func (h *hosted) habitOf(req *http.Request) *habit.Habit {
	if h.mux == nil || !h.whole.Apart() {
		return h.whole
	}
	by, pattern := h.mux.Handler(req)
	if reflect.TypeOf(by) == redirect {
		pattern = ""
	}
	known, ok := h.patterns.Load(pattern)
	if !ok {
		known, _ = h.patterns.LoadOrStore(pattern, habit.New(pattern, habit.Learned))
	}
	return known.(*habit.Habit)
}

// ServeRequest translates the request, or hands on the originals when the engine is
// net/http itself: so a mounted handler may still hijack, and sees Request.TLS.
func (h *hosted) ServeRequest(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
	if sw, ok := w.(*serveWriter); ok && sw.status == 0 && isOriginal(r, sw.req) {
		sw.status = http.StatusOK
		req := sw.req
		if ctx != req.Context() {
			req = req.WithContext(ctx)
		}
		h.ServeHTTP(sw.rw, req)
		return
	}
	req, err := newRequest(ctx, r)
	if err != nil {
		refuse(w)
		return
	}
	r.Follow(h.habitOf(req))
	rw := &responseWriter{w: w, method: r.Method, header: make(http.Header, 4), length: -1}
	h.ServeHTTP(rw, req)
	rw.end()
}

// isOriginal reports whether r's body is still that of the request that it was made of. A
// layer in between may have put another in its place.
func isOriginal(r *httputil.Request, of *http.Request) bool {
	b, ok := r.Body.(*serverBody)
	return ok && b.r == of
}

// refuse answers a target that net/url cannot parse, as net/http's own server does.
func refuse(w httputil.ResponseWriter) {
	const page = "400 Bad Request"
	var header httputil.Header
	header.Append("Content-Type", "text/plain; charset=utf-8")
	if w.WriteHead(http.StatusBadRequest, "", &header, int64(len(page))) == nil {
		io.WriteString(w, page)
	}
}

func newRequest(ctx context.Context, r *httputil.Request) (*http.Request, error) {
	u, err := requestURL(r)
	if err != nil {
		return nil, err
	}
	major, minor, _ := http.ParseHTTPVersion(r.Version)
	req := (&http.Request{
		Method:        r.Method,
		URL:           u,
		Proto:         r.Version,
		ProtoMajor:    major,
		ProtoMinor:    minor,
		Header:        make(http.Header, r.Header.Len()),
		Host:          r.Host,
		ContentLength: r.ContentLength,
		RequestURI:    r.URI,
	}).WithContext(ctx)
	if a := r.RemoteAddr(); a.IsValid() {
		req.RemoteAddr = a.String()
	}
	if c, ok := r.Conn.(interface{ ConnectionState() *tls.ConnectionState }); ok {
		req.TLS = c.ConnectionState()
	}
	if _, ok := r.Conn.(httputil.ProxiedConn); ok {
		u.Scheme, u.Host = r.Protocol, r.Host // both, as for a target in absolute-form
	}
	fillHeader(req, &r.Header)
	if r.ContentLength == 0 {
		req.Body = http.NoBody
	} else {
		req.Body = &requestBody{from: r, to: req}
	}
	if r.ContentLength < 0 {
		req.TransferEncoding = []string{"chunked"}
	}
	return req, nil
}

func fillHeader(req *http.Request, header *httputil.Header) {
	single := make([]string, header.Len()) // one allocation for all single values
	for i, f := range header.Fields() {
		// net/http keeps these in fields of the request and out of its header.
		switch name := http.CanonicalHeaderKey(f.Name); name {
		case "Host", "Transfer-Encoding":
		case "Trailer":
			req.Trailer = announced(req.Trailer, f.Value)
		default:
			if values := req.Header[name]; values != nil {
				req.Header[name] = append(values, f.Value)
				continue
			}
			single[i] = f.Value
			req.Header[name] = single[i : i+1 : i+1]
		}
	}
}

// requestURL builds the URL from the path and the query, not from the raw target: an
// outer layer may have rewritten those, as http.StripPrefix does.
func requestURL(r *httputil.Request) (*url.URL, error) {
	u := &url.URL{RawQuery: r.Query, ForceQuery: r.Query == "" && strings.HasSuffix(r.URI, "?")}
	if r.Method == http.MethodConnect && !strings.HasPrefix(r.Path, "/") {
		u.Host = r.Host
		return u, nil
	}
	var err error
	if u.Path, err = url.PathUnescape(r.Path); err != nil {
		return nil, err
	}
	if u.EscapedPath() != r.Path {
		u.RawPath = r.Path
	}
	return u, nil
}

// announced adds the names of a Trailer field with nil values, which is how net/http
// shows trailers that have not arrived yet.
func announced(trailer http.Header, list string) http.Header {
	for name := range strings.SplitSeq(list, ",") {
		if name = httputil.TrimOWS(name); httputil.IsToken(name) {
			if trailer == nil {
				trailer = make(http.Header)
			}
			trailer[http.CanonicalHeaderKey(name)] = nil
		}
	}
	return trailer
}

// requestBody reads the engine's body and hands over the trailer at its end.
type requestBody struct {
	from *httputil.Request
	to   *http.Request
}

func (b *requestBody) Read(p []byte) (int, error) {
	n, err := b.from.Body.Read(p)
	if err == io.EOF && b.from.Trailer.Len() > 0 {
		trailer := b.to.Trailer
		if trailer == nil {
			trailer = make(http.Header)
		}
		clear(trailer)
		for name, value := range b.from.Trailer.All() {
			trailer.Add(name, value)
		}
		b.to.Trailer = trailer
	}
	return n, err
}

func (b *requestBody) Close() error { return b.from.Body.Close() }
