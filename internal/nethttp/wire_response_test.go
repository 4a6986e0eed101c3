package nethttp_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

// responseCases are about statuses, headers and what goes wrong with them.
var responseCases = []wireCase{
	{name: "response: nothing", handler: plainly(func(http.ResponseWriter, *http.Request) {})},
	{name: "response: implicit 200", handler: plainly(write("hello"))},
	{name: "response: sniffed", handler: plainly(write("<html><body>"))},
	{name: "response: sniffed by the first write", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "%PD")
		io.WriteString(w, "F-1.4"+large)
	})},
	{name: "response: type suppressed", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Content-Type"] = nil
		io.WriteString(w, "<html>")
	})},
	{name: "response: unknown status", handler: plainly(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(299) })},
	{name: "response: status 999", handler: plainly(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(999) })},
	{name: "response: status 0 panics", handler: panics(func(w http.ResponseWriter) { w.WriteHeader(0) })},
	{name: "response: status 99 panics", handler: panics(func(w http.ResponseWriter) { w.WriteHeader(99) })},
	{name: "response: status 1000 panics", handler: panics(func(w http.ResponseWriter) { w.WriteHeader(1000) })},
	{name: "response: superfluous WriteHeader", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(201)
		w.WriteHeader(0)
		w.WriteHeader(500)
	})},
	{name: "response: WriteHeader after Write", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "x")
		w.WriteHeader(500)
	})},
	{name: "response: header changes come too late", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-A", "1")
		w.WriteHeader(200)
		w.Header().Set("X-A", "2")
		w.Header().Set("X-B", "3")
		w.Header().Set("Content-Length", "77")
	})},
	{name: "response: repeated fields", handler: fields("X-A", "1", "X-A", "2", "Set-Cookie", "a=1", "Set-Cookie", "b=2")},
	{name: "response: values are trimmed and stay in a line", handler: fields("X-A", " a\r\nX-B: b\t", "X-C", "\n", "X-D", "")},
	{name: "response: invalid names are dropped", handler: fields("X A", "1", "X:B", "2", "", "3", "X-É", "4", "X-Good", "5")},
	{name: "response: a name that is not canonical", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["x-lower"] = []string{"1"}
	})},
	{name: "response: values outside of ASCII", handler: fields("X-A", "é\u2028", "X-B", "\xff")},
	{name: "response: a control character in a value", handler: fields("X-A", "a\x00b", "X-B", "ok"),
		differs: "a value with a control character is no value (RFC 9110 §5.5): the field is dropped",
		eddy:    []string{"client: 200 | Content-Length: 0 | Date: now | X-B: ok\n"}},
	{name: "response: a huge header", handler: fields("X-Huge", strings.Repeat("v", 200_000))},
	{name: "response: many fields", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		for i := range 500 {
			w.Header().Set(fmt.Sprint("X-", i), "v")
		}
	})},
	{name: "response: the handler's own Date", handler: fields("Date", "then")},
	{name: "response: Date suppressed", handler: plainly(func(w http.ResponseWriter, r *http.Request) { w.Header()["Date"] = nil }),
		differs: "a server with a clock sends Date (RFC 9110 §6.6.1)", eddy: []string{"Date: now"}},
	{name: "response: a panic before the head", handler: plainly(func(http.ResponseWriter, *http.Request) { panic("no") }),
		differs: "a client is told of a failure that it has seen nothing of, where net/http closes",
		eddy:    []string{"500 | Content-Length: 26 | Content-Type: text/plain", "open afterwards: true"}},
	{name: "response: a panic after a small write", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "held back")
		panic("no")
	}), differs: "nothing had been sent: as before the head", eddy: []string{"500 | Content-Length: 26", "open afterwards: true"}},
	{name: "response: a panic after a flush", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "part")
		w.(http.Flusher).Flush()
		panic("no")
	})},
	{name: "response: ErrAbortHandler before the head", handler: plainly(func(http.ResponseWriter, *http.Request) {
		panic(http.ErrAbortHandler)
	})},
	{name: "response: ErrAbortHandler after a small write", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "held back")
		panic(http.ErrAbortHandler)
	})},
	{name: "response: ErrAbortHandler in a body of known length", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "10")
		io.WriteString(w, "part")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})},
	{name: "response: 103 and 200", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(103)
		w.WriteHeader(103)
		w.Header().Del("Link")
		io.WriteString(w, "done")
	})},
	{name: "response: 102 with framing fields", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "4")
		w.WriteHeader(102)
		io.WriteString(w, "done")
	})},
	{name: "response: 103 leaves at once", handler: do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.WriteHeader(103)
		_, err := io.ReadAll(r.Body) // the client sends it when it has the 103
		n.add("%v", err)
	}), act: func(c *client) {
		io.WriteString(c, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n")
		head, err := c.head()
		c.note("%v %v", head, err)
		io.WriteString(c, "x")
		c.answer()
	}},
}

func fields(pairs ...string) func(*notes) http.Handler {
	return plainly(func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < len(pairs); i += 2 {
			w.Header().Add(pairs[i], pairs[i+1])
		}
	})
}

// panics notes whether f panics, and answers then.
func panics(f func(w http.ResponseWriter)) func(*notes) http.Handler {
	return do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		defer func() {
			n.add("panicked: %v", recover() != nil)
			io.WriteString(w, "recovered")
		}()
		f(w)
	})
}
