package nethttp

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/url"
	"strings"

	"eddy/httputil"
)

// crossing is what a request needs on its way to an http.Handler, in one piece of memory.
type crossing struct {
	w    responseWriter
	body requestBody
}

// request translates r.
func (c *crossing) request(ctx context.Context, r *httputil.Request) (*http.Request, error) {
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
		Body:          http.NoBody,
		Host:          r.Host,
		ContentLength: r.ContentLength,
		RequestURI:    r.URI,
		Close:         closes(r),
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
	if h := req.Header; len(h["Pragma"]) > 0 && h["Pragma"][0] == "no-cache" && h["Cache-Control"] == nil {
		h["Cache-Control"] = []string{"no-cache"} // as net/http reads HTTP/1.0's way to say it
	}
	if r.ContentLength != 0 {
		c.body.from, c.body.to = r, req
		req.Body = &c.body
	}
	if r.ContentLength < 0 {
		req.TransferEncoding = []string{"chunked"}
	}
	return req, nil
}

// closes reports whether the client wants the connection to end with the response.
func closes(r *httputil.Request) bool {
	if r.Version == httputil.HTTP10 {
		return !r.Header.HasToken("Connection", "keep-alive")
	}
	return r.Header.HasToken("Connection", "close")
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
	if !strings.HasPrefix(r.URI, "/") {
		// What a client sends to a proxy: scheme and host are a part of the target.
		if target, err := url.ParseRequestURI(r.URI); err == nil {
			u.Scheme, u.User, u.Host = target.Scheme, target.User, target.Host
		}
	}
	if isPlain(r.Path) {
		u.Path = r.Path
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

// isPlain reports whether a path has nothing that package url would write another way.
func isPlain(path string) bool {
	for i := range len(path) {
		c := path[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '-' || c > '9') && c != '_' { // "-./" and digits lie together
			return false
		}
	}
	return true
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
