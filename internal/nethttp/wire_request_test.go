package nethttp_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"os"
	"slices"
	"strings"
)

// requestCases are about what a handler sees of the head.
var requestCases = []wireCase{
	{name: "request: origin form", send: "GET /a%20b/%2F;p?x=1&y HTTP/1.1\r\nHost: h:81\r\n\r\n", handler: seen},
	{name: "request: odd characters", send: "GET /a|b/[c]/~d?q=|&\" HTTP/1.1\r\nHost: h\r\n\r\n", handler: seen},
	{name: "request: two slashes", send: "GET //a//b HTTP/1.1\r\nHost: h\r\n\r\n", handler: seen},
	{name: "request: an empty query", send: "GET /? HTTP/1.1\r\nHost: h\r\n\r\n", handler: seen},
	{name: "request: absolute form", send: "GET http://user@other.example:81/p?q HTTP/1.1\r\nHost: h\r\n\r\n", handler: seen},
	{name: "request: absolute form without a path", send: "GET http://other.example HTTP/1.1\r\nHost: h\r\n\r\n", handler: seen,
		differs: "the path of such a target is / (RFC 9110 §4.2.3)", eddy: []string{"path /  query"}},
	{name: "request: authority form", send: "CONNECT other.example:443 HTTP/1.1\r\nHost: other.example:443\r\n\r\n", handler: seen,
		differs: "a 2xx to CONNECT has no body and ends HTTP on the connection (RFC 9110 §9.3.6)",
		eddy:    []string{"client: 200 | Date: now\n", "CONNECT other.example:443", "URL  other.example:443"}},
	{name: "request: CONNECT refused", send: "CONNECT other.example:443 HTTP/1.1\r\nHost: other.example:443\r\n\r\n",
		handler: plainly(func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusForbidden) }),
		differs: "what follows a CONNECT may be meant for its target already, and not be HTTP", eddy: []string{"403 | Connection: close", "open afterwards: false"}},
	{name: "request: OPTIONS *", send: "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", handler: seen},
	{name: "request: OPTIONS of a path", send: "OPTIONS /x HTTP/1.1\r\nHost: h\r\n\r\n", handler: seen},
	{name: "request: a method of one's own", send: "BREW /pot HTTP/1.1\r\nHost: h\r\n\r\n", handler: seen},
	{name: "request: HTTP/1.0", send: "GET /x HTTP/1.0\r\n\r\n", handler: seen},
	{name: "request: HTTP/1.0 and keep-alive", send: "GET /x HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n", handler: seen},
	{name: "request: close", send: "GET /x HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\nX: 1\r\n\r\n", handler: seen},
	{name: "request: repeated fields", send: "GET / HTTP/1.1\r\nhost: h\r\nx-a: 1\r\nX-A: 2\r\nX-a:\r\nCookie: a=1\r\ncookie: b=2\r\n\r\n", handler: seen},
	{name: "request: old no-cache", send: "GET / HTTP/1.1\r\nHost: h\r\nPragma: no-cache\r\n\r\n", handler: seen},
	{name: "request: with a length", send: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody", handler: seen},
	{name: "request: chunked", send: "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\nTrailer: X-Sum, x-other\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 42\r\n\r\n", handler: seen},
	{name: "request: length 0", send: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", handler: seen},
	{name: "request: PathValue", send: "GET /items/a%2Fb/x HTTP/1.1\r\nHost: h\r\n\r\n", handler: func(n *notes) http.Handler {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /items/{id}/{rest...}", func(w http.ResponseWriter, r *http.Request) {
			n.add("%s %s %s", r.PathValue("id"), r.PathValue("rest"), r.Pattern)
		})
		return mux
	}},
	{name: "request: a form", send: "POST /?a=1 HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n\r\na=2&b=3",
		handler: do(func(w http.ResponseWriter, r *http.Request, n *notes) {
			n.add("%v %v %v", r.FormValue("a"), r.PostFormValue("b"), r.Form["a"])
		})},
	{name: "request: a form's files are removed", send: formRequest, answers: 2, handler: formFiles},
	{name: "request: addresses and server in the context", handler: do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		local, server := r.Context().Value(http.LocalAddrContextKey), r.Context().Value(http.ServerContextKey)
		_, isServer := server.(*http.Server)
		n.add("%T %v", local, isServer)
		n.add("%v %v", strings.HasPrefix(fmt.Sprint(local), "127.0.0.1:"), strings.HasPrefix(r.RemoteAddr, "127.0.0.1:"))
	})},
}

// seen notes all of a request.
var seen = do(func(w http.ResponseWriter, r *http.Request, n *notes) {
	n.add("%s %s %s %d.%d close %v", r.Method, r.RequestURI, r.Proto, r.ProtoMajor, r.ProtoMinor, r.Close)
	n.add("URL %s %s user %v path %s %s query %s %v", r.URL.Scheme, r.URL.Host, r.URL.User, r.URL.Path, r.URL.RawPath, r.URL.RawQuery, r.URL.ForceQuery)
	n.add("host %s length %d coding %v TLS %v", r.Host, r.ContentLength, r.TransferEncoding, r.TLS != nil)
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		n.add("%s %q", name, r.Header[name])
	}
	n.add("trailer before %q, no body %v", r.Trailer, r.Body == http.NoBody)
	b, err := io.ReadAll(r.Body)
	n.add("body %q %v trailer %q", b, err, r.Trailer)
	_, err = r.Body.Read(make([]byte, 1))
	n.add("then %v, closed %v", err, r.Body.Close())
})

var formRequest = func() string {
	var body strings.Builder
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "name.txt")
	if err != nil {
		panic(err)
	}
	io.WriteString(part, strings.Repeat("x", 100_000))
	form.Close()
	return fmt.Sprintf("POST /form HTTP/1.1\r\nHost: h\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s%s",
		form.FormDataContentType(), body.Len(), body.String(), "GET /look HTTP/1.1\r\nHost: h\r\n\r\n")
}()

// formFiles parses a form whose file is too large for memory, and looks for it in the next request.
func formFiles(n *notes) http.Handler {
	var name string
	mux := http.NewServeMux()
	mux.HandleFunc("/form", func(w http.ResponseWriter, r *http.Request) {
		err := r.ParseMultipartForm(1 << 10)
		n.add("%v", err)
		f, header, err := r.FormFile("file")
		if err != nil {
			n.add("%v", err)
			return
		}
		defer f.Close()
		file, onDisk := f.(*os.File)
		n.add("%s %d on disk %v", header.Filename, header.Size, onDisk)
		if onDisk {
			name = file.Name()
		}
		// The rest of the conversation is the next request's.
		w.Header().Set("Content-Length", "0")
	})
	mux.HandleFunc("/look", func(w http.ResponseWriter, r *http.Request) {
		_, err := os.Stat(name)
		n.add("gone %v", errors.Is(err, os.ErrNotExist))
	})
	return mux
}
