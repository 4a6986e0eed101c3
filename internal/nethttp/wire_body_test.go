package nethttp_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

func post(n int) string {
	return fmt.Sprintf("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", n, strings.Repeat("b", n))
}

const (
	postChunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
	expecting   = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
)

// bodyCases are about reading, and not reading, what the client sends.
var bodyCases = []wireCase{
	{name: "body: echoed", send: post(300_000), handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		w.Write(b)
	})},
	{name: "body: unread", send: post(5), handler: plainly(write("ok"))},
	{name: "body: unread, 100 KiB", send: post(100_000), handler: plainly(write("ok"))},
	{name: "body: unread, 2 MiB", send: post(2 << 20), handler: plainly(write("ok"))},
	{name: "body: unread, chunked", send: postChunked + "4\r\nbody\r\n0\r\n\r\n", handler: plainly(write("ok"))},
	{name: "body: read in part", send: post(5000), handler: readSome},
	{name: "body: closed unread", send: post(5000), handler: do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		n.add("%v", r.Body.Close())
		_, err := r.Body.Read(make([]byte, 1))
		n.add("%v", err)
	})},
	{name: "body: read after the response began", send: post(5000), handler: do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		b, err := io.ReadAll(r.Body)
		n.add("%d %v", len(b), err)
	}), differs: "handlers are full duplex here: the body stays theirs", eddy: []string{"handler: 5000 <nil>"}},
	{name: "body: read after the response began, full duplex", send: post(5000), handler: do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		n.add("%v", http.NewResponseController(w).EnableFullDuplex())
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		b, err := io.ReadAll(r.Body)
		n.add("%d %v", len(b), err)
	})},
	{name: "body: broken chunks", send: postChunked + "x\r\n", handler: readAll,
		differs: "a handler that has sent nothing leaves the answer to the engine: 400", eddy: []string{"400 | Connection: close", "open afterwards: false"}},
	{name: "body: broken chunks, the handler answers", send: postChunked + "4\r\nbody\r\nx\r\n", handler: do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		_, err := io.ReadAll(r.Body)
		n.add("failed %v", err != nil)
		http.Error(w, "bad", http.StatusUnprocessableEntity)
	}), differs: "a request that turns out to be malformed is answered with 400 if nothing has been sent", eddy: []string{"400 | Connection: close", "failed true"}},
	{name: "body: cut off", handler: readAll, act: func(c *client) {
		io.WriteString(c, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nbody")
		c.CloseWrite()
		c.answer()
		c.probe()
	}, differs: "that no further request is read is said in the head, too", eddy: []string{"200 | Connection: close", "handler: 4 unexpected EOF"}},
	{name: "body: MaxBytesReader", send: post(5000), handler: limited(100),
		differs: "net/http's reader closes the connection by a hook of its own; here a short rest is read and dropped", eddy: []string{"413 | ", "handler: 100 MaxBytesError", "open afterwards: true"}},
	{name: "body: MaxBytesReader, within", send: post(50), handler: limited(100)},
	{name: "body: MaxBytesReader, long", send: post(2 << 20), handler: limited(100)},
	{name: "body: Expect, read", handler: readAll, act: func(c *client) {
		io.WriteString(c, expecting)
		head, _ := c.head()
		c.note("%v", head)
		io.WriteString(c, "body")
		c.answer()
		c.probe()
	}},
	{name: "body: Expect, 103 before the read", handler: do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.WriteHeader(103)
		b, err := io.ReadAll(r.Body)
		n.add("%q %v", b, err)
	}), act: func(c *client) {
		io.WriteString(c, expecting)
		for range 2 {
			head, _ := c.head()
			c.note("%v", head)
		}
		io.WriteString(c, "body")
		c.answer()
	}},
	{name: "body: Expect, the handler's own 100", handler: do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.WriteHeader(100)
		b, err := io.ReadAll(r.Body)
		n.add("%q %v", b, err)
	}), act: func(c *client) {
		io.WriteString(c, expecting)
		head, _ := c.head()
		c.note("%v", head)
		io.WriteString(c, "body")
		c.answer()
	}},
	{name: "body: read after the handler's return", send: post(5), handler: func(n *notes) http.Handler {
		var kept io.Reader
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if kept != nil {
				_, err := kept.Read(make([]byte, 1))
				n.add("%v", err)
			}
			kept = r.Body
		})
	}, act: func(c *client) {
		io.WriteString(c, post(5))
		c.answer()
		io.WriteString(c, plainGet)
		c.answer()
	}},
}

var readSome = do(func(w http.ResponseWriter, r *http.Request, n *notes) {
	_, err := io.ReadFull(r.Body, make([]byte, 10))
	n.add("%v", err)
})

var readAll = do(func(w http.ResponseWriter, r *http.Request, n *notes) {
	b, err := io.ReadAll(r.Body)
	n.add("%d %v", len(b), err)
})

func limited(most int64) func(*notes) http.Handler {
	return do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
		n.add("%d %v", len(b), err)
		if err != nil {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		}
	})
}
