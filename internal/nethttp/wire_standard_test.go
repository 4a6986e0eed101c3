package nethttp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing/fstest"
	"time"
)

func getWith(path string, fields ...string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: h\r\n" + strings.Join(append(fields, "", ""), "\r\n")
}

var changed = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

var files = plain(http.FileServerFS(fstest.MapFS{
	"index.html":     {Data: []byte("<html>index"), ModTime: changed},
	"a.txt":          {Data: []byte(large), ModTime: changed},
	"dir/b.txt":      {Data: []byte("b"), ModTime: changed},
	"dir/c & d.html": {Data: []byte("c"), ModTime: changed},
}))

const since = "If-Modified-Since: Fri, 02 Jan 2026 03:04:05 GMT"

// standardCases are net/http's own handlers.
var standardCases = []wireCase{
	{name: "standard: Error", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "99")
		http.Error(w, "gone", http.StatusGone)
	})},
	{name: "standard: NotFound", handler: plain(http.NotFoundHandler())},
	{name: "standard: Redirect", handler: plain(http.RedirectHandler("/elsewhere?q", http.StatusFound))},
	{name: "standard: SetCookie", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b c", HttpOnly: true})
	})},
	{name: "standard: StripPrefix", send: getWith("/app/x%2Fy?q"), handler: func(n *notes) http.Handler {
		return http.StripPrefix("/app", seen(n))
	}},
	{name: "standard: ServeMux redirects to a clean path", send: getWith("/a/../b//c"), handler: mux},
	{name: "standard: ServeMux adds the slash", send: getWith("/tree"), handler: mux},
	{name: "standard: ServeMux knows other methods", send: "DELETE /item HTTP/1.1\r\nHost: h\r\n\r\n", handler: mux},
	{name: "standard: ServeMux answers HEAD by GET", send: "HEAD /item HTTP/1.1\r\nHost: h\r\n\r\n", handler: mux},
	{name: "standard: file", send: getWith("/a.txt"), handler: files},
	{name: "standard: file, HEAD", send: "HEAD /a.txt HTTP/1.1\r\nHost: h\r\n\r\n", handler: files},
	{name: "standard: file, index", send: getWith("/"), handler: files},
	{name: "standard: file, index by name", send: getWith("/index.html"), handler: files},
	{name: "standard: file, listing", send: getWith("/dir/"), handler: files},
	{name: "standard: file, directory without slash", send: getWith("/dir"), handler: files},
	{name: "standard: file, none", send: getWith("/none"), handler: files},
	{name: "standard: file, range", send: getWith("/a.txt", "Range: bytes=10-19"), handler: files},
	{name: "standard: file, last bytes", send: getWith("/a.txt", "Range: bytes=-7"), handler: files},
	{name: "standard: file, no such range", send: getWith("/a.txt", "Range: bytes=99999999-"), handler: files},
	{name: "standard: file, not modified", send: getWith("/a.txt", since), handler: files},
	{name: "standard: file, If-Range", send: getWith("/a.txt", "Range: bytes=1-2", "If-Range: Fri, 02 Jan 2026 03:04:05 GMT"), handler: files},
	{name: "standard: file, If-Unmodified-Since", send: getWith("/a.txt", "If-Unmodified-Since: Fri, 02 Jan 2015 03:04:05 GMT"), handler: files},
	{name: "standard: ServeContent with an entity tag", send: getWith("/", `If-None-Match: "x"`), handler: content},
	{name: "standard: ServeContent", send: getWith("/", "Range: bytes=5-"), handler: content},
	{name: "standard: TimeoutHandler, in time", handler: plain(http.TimeoutHandler(http.HandlerFunc(write("hello")), 10*time.Second, "late"))},
	{name: "standard: TimeoutHandler, late", handler: func(n *notes) http.Handler {
		return http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n.enter(1) // the handler around this one does not wait for it
			defer n.enter(-1)
			<-r.Context().Done()
			n.add("%v", errors.Is(r.Context().Err(), context.DeadlineExceeded))
			for {
				if _, err := io.WriteString(w, "x"); err != nil {
					n.add("%v", err)
					return
				}
			}
		}), 20*time.Millisecond, "late")
	}, act: func(c *client) {
		io.WriteString(c, plainGet)
		c.answer()
		c.probe()
	}},
	{name: "standard: AllowQuerySemicolons", send: getWith("/?a=1;b=2"), handler: func(n *notes) http.Handler {
		return http.AllowQuerySemicolons(seen(n))
	}},
	{name: "standard: MaxBytesHandler", send: post(500), handler: func(n *notes) http.Handler {
		return http.MaxBytesHandler(readAll(n), 1000)
	}},
	{name: "standard: io.Copy to the writer", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, strings.NewReader(large))
	})},
	{name: "standard: io.Copy of little", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, bytes.NewBufferString("<html>"))
	})},
}

func mux(n *notes) http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /item", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "item ", r.Pattern) })
	m.HandleFunc("/tree/", write("tree"))
	m.HandleFunc("/b/", write("b"))
	return m
}

var content = plainly(func(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Etag", `"x"`)
	http.ServeContent(w, r, "name.css", changed, strings.NewReader("body { color: red }"))
})
