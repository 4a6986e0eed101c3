package nethttp_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

const (
	oldGet       = "GET / HTTP/1.0\r\n\r\n"
	oldKeepAlive = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
	head         = "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"
)

// framingCases are about lengths, chunks, trailers, and whether the connection lives on.
var framingCases = []wireCase{
	{name: "framing: 2048 bytes have a length", handler: plainly(write(large[:2048]))},
	{name: "framing: 2049 bytes are chunked", handler: plainly(write(large[:2049]))},
	{name: "framing: a large body", handler: plainly(write(strings.Repeat(large, 20)))},
	{name: "framing: many small writes", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		for i := range 5000 {
			fmt.Fprintf(w, "%d,", i)
		}
	})},
	{name: "framing: announced length", handler: announcing("5", "hello")},
	{name: "framing: announced length of a large body", handler: announcing(fmt.Sprint(len(large)), large)},
	{name: "framing: body longer than announced", handler: announcing("3", "abc", "def"),
		differs: "what is too much was refused, and the response is whole", eddy: []string{"open afterwards: true"}},
	{name: "framing: body longer than announced, in one write", handler: announcing("3", "abcdef")},
	{name: "framing: body shorter than announced", handler: announcing("10", "abc")},
	{name: "framing: no body but a length", handler: announcing("10")},
	{name: "framing: a broken length", handler: announcing("-3", "abc"),
		differs: "a broken announcement is as none", eddy: []string{"200 | Content-Length: 3"}},
	{name: "framing: a length that is no number", handler: announcing("three", "abc"),
		differs: "a broken announcement is as none", eddy: []string{"200 | Content-Length: 3"}},
	{name: "framing: Transfer-Encoding chunked by the handler", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Transfer-Encoding", "chunked")
		io.WriteString(w, "x")
	})},
	{name: "framing: Transfer-Encoding identity", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Transfer-Encoding", "identity")
		io.WriteString(w, "x")
	}), differs: "identity is no coding any more (RFC 9112 §7.3): the engine frames by itself", eddy: []string{"200 | Content-Length: 1", "open afterwards: true"}},
	{name: "framing: flush before anything", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		io.WriteString(w, "late")
	})},
	{name: "framing: flush in between", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "one ")
		http.NewResponseController(w).Flush()
		io.WriteString(w, "two")
	})},
	{name: "framing: 204", handler: bodyless(204)},
	{name: "framing: 304", handler: bodyless(304)},
	{name: "framing: 204 with a length", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "5")
		w.WriteHeader(204)
	})},
	{name: "framing: 304 with a length", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "5")
		w.WriteHeader(304)
	})},
	{name: "framing: HEAD with a body", send: head, handler: plainly(write("hello"))},
	{name: "framing: HEAD without a body", send: head, handler: plainly(func(http.ResponseWriter, *http.Request) {})},
	{name: "framing: HEAD with a length", send: head, handler: announcing("77")},
	{name: "framing: HEAD of a large body", send: head, handler: plainly(write(large))},
	{name: "framing: HTTP/1.0", send: oldGet, handler: plainly(write("hello"))},
	{name: "framing: HTTP/1.0, large", send: oldGet, handler: plainly(write(large))},
	{name: "framing: HTTP/1.0 and keep-alive", send: oldKeepAlive, handler: plainly(write("hello"))},
	{name: "framing: HTTP/1.0 and keep-alive, large", send: oldKeepAlive, handler: plainly(write(large))},
	{name: "framing: HTTP/1.0 and keep-alive, flushed", send: oldKeepAlive, handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "x")
		w.(http.Flusher).Flush()
	})},
	{name: "framing: HTTP/1.0 gets no 103", send: oldGet, handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(103)
		io.WriteString(w, "x")
	}), differs: "HTTP/1.0 knows no interim responses (RFC 9110 §15.2)", eddy: []string{"client: 200 | "}},
	{name: "framing: the client closes", send: "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", handler: plainly(write("hello"))},
	{name: "framing: the handler closes", handler: fields("Connection", "close")},
	{name: "framing: the handler says keep-alive", handler: fields("Connection", "keep-alive"),
		differs: "it is the default of HTTP/1.1, and the engine's to say", eddy: []string{"client: 200 | Content-Length: 0 | Date: now\n", "open afterwards: true"}},
	{name: "framing: another Connection option", handler: fields("Connection", "X-Hop", "X-Hop", "1")},
	{name: "framing: pipelined", handler: plainly(write("hello")), act: func(c *client) {
		io.WriteString(c, plainGet+head+plainGet)
		for _, c.method = range []string{"GET", "HEAD", "GET"} {
			c.answer()
		}
		c.probe()
	}},
	{name: "framing: trailer announced", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum, X-Unset, Content-Length")
		w.Header().Add("Trailer", "x-more")
		io.WriteString(w, "body")
		w.Header().Set("X-Sum", "42")
		w.Header().Add("X-More", "1")
		w.Header().Add("X-More", "2")
		w.Header().Set("X-Other", "no")
	})},
	{name: "framing: trailer by prefix", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "body")
		w.(http.Flusher).Flush()
		w.Header().Set(http.TrailerPrefix+"X-Sum", "42\r\nX-Evil: 1")
	})},
	{name: "framing: trailer by prefix, before the body", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(http.TrailerPrefix+"X-Sum", "42")
		io.WriteString(w, "body")
	})},
	{name: "framing: trailer by prefix, too late", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "body")
		w.Header().Set(http.TrailerPrefix+"X-Sum", "42")
	})},
	{name: "framing: trailer of a body with a length", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		w.Header().Set("Content-Length", "4")
		io.WriteString(w, "body")
		w.Header().Set("X-Sum", "42")
	})},
	{name: "framing: trailer for HTTP/1.0", send: oldGet, handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		io.WriteString(w, "body")
		w.Header().Set("X-Sum", "42")
	})},
	{name: "framing: trailer of no body", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		w.Header().Set("X-Sum", "42")
	})},
}

// announcing writes pieces behind a Content-Length, and notes the errors.
func announcing(length string, pieces ...string) func(*notes) http.Handler {
	return do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.Header().Set("Content-Length", length)
		for _, p := range pieces {
			_, err := io.WriteString(w, p)
			n.add("%v", err)
		}
	})
}

func bodyless(status int) func(*notes) http.Handler {
	return do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.Header().Set("Content-Type", "text/x")
		w.Header().Set("X-Kept", "yes")
		w.WriteHeader(status)
		_, err := io.WriteString(w, "x")
		n.add("%v", err)
	})
}
