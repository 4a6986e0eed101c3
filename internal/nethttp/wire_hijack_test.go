package nethttp_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// hijackCases are about handlers that take the connection.
var hijackCases = []wireCase{
	{name: "hijack: at once", handler: hijacking(func(w http.ResponseWriter, c net.Conn, rw *bufio.ReadWriter, n *notes) {
		n.add("%v", rw.Reader.Buffered())
		io.WriteString(rw, "raw ")
		rw.Flush()
		io.WriteString(c, "bytes")
	}), act: toTheEnd(plainGet)},
	{name: "hijack: with what was read before", handler: hijacking(func(w http.ResponseWriter, c net.Conn, rw *bufio.ReadWriter, n *notes) {
		line, err := rw.ReadString('\n')
		n.add("%q %v", line, err)
		rest, err := io.ReadAll(rw)
		n.add("%q %v", rest, err)
		io.WriteString(c, "done")
	}), act: toTheEnd(plainGet + "more\nand more")},
	{name: "hijack: what comes later", handler: hijacking(func(w http.ResponseWriter, c net.Conn, rw *bufio.ReadWriter, n *notes) {
		io.WriteString(c, "?")
		line, err := rw.ReadString('\n')
		n.add("%q %v", line, err)
	}), act: func(c *client) {
		io.WriteString(c, plainGet)
		io.ReadFull(c.r, make([]byte, 1))
		io.WriteString(c, "later\n")
		b, err := io.ReadAll(c.r)
		c.note("%q %v", b, err)
	}},
	{name: "hijack: a body stays in the reader", handler: hijacking(func(w http.ResponseWriter, c net.Conn, rw *bufio.ReadWriter, n *notes) {
		b, err := io.ReadAll(rw)
		n.add("%q %v", b, err)
	}), act: toTheEnd("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody")},
	{name: "hijack: the head of 101 is sent before", handler: do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "x")
		w.WriteHeader(101)
		hijack(w, n, func(c net.Conn, rw *bufio.ReadWriter) { io.WriteString(c, "switched") })
	}), act: func(c *client) {
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
		c.answer()
		b, err := io.ReadAll(c.r)
		c.note("%q %v", b, err)
	}},
	{name: "hijack: what was flushed is there", handler: do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.Header().Set("Content-Length", "11")
		io.WriteString(w, "hello ")
		w.(http.Flusher).Flush()
		hijack(w, n, func(c net.Conn, rw *bufio.ReadWriter) { io.WriteString(c, "world") })
	})},
	{name: "hijack: what was written is not lost", handler: do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.Header().Set("Content-Length", "11")
		io.WriteString(w, "hello ")
		hijack(w, n, func(c net.Conn, rw *bufio.ReadWriter) { io.WriteString(c, "world") })
	}), differs: "net/http drops what it has buffered", eddy: []string{`"hello world", whole: true`}},
	{name: "hijack: twice", handler: hijacking(func(w http.ResponseWriter, c net.Conn, rw *bufio.ReadWriter, n *notes) {
		_, _, err := w.(http.Hijacker).Hijack()
		n.add("%v", err)
	}), act: toTheEnd(plainGet)},
	{name: "hijack: the writer is no use then", handler: hijacking(func(w http.ResponseWriter, c net.Conn, rw *bufio.ReadWriter, n *notes) {
		w.WriteHeader(500)
		_, err := w.Write([]byte("x"))
		n.add("%v", err)
		_, err = io.WriteString(w, "x")
		n.add("%v", err)
		_, err = w.Write(nil)
		n.add("%v", err)
		_, err = io.Copy(w, strings.NewReader("x"))
		n.add("%v", err)
	}), act: toTheEnd(plainGet)},
	{name: "hijack: deadlines are the handler's", handler: hijacking(func(w http.ResponseWriter, c net.Conn, rw *bufio.ReadWriter, n *notes) {
		n.add("%v", c.SetReadDeadline(time.Now().Add(time.Millisecond)))
		_, err := rw.ReadByte()
		n.add("%v", err)
	}), act: func(c *client) { // whose end would come before the deadline now and then
		io.WriteString(c, plainGet)
		b, err := io.ReadAll(c.r)
		c.note("%q %v", b, err)
	}},
	{name: "hijack: a panic afterwards leaves it open", handler: keeping(func() { panic("no") }), act: usedLater},
	{name: "hijack: the connection outlives the handler", handler: keeping(func() {}), act: usedLater},
	{name: "hijack: by a goroutine of the handler", handler: do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			hijack(w, n, func(c net.Conn, rw *bufio.ReadWriter) { io.WriteString(c, "taken") })
		}()
		<-done
	}), act: toTheEnd(plainGet)},
	{name: "hijack: after blocking", handler: do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		time.Sleep(5 * time.Millisecond)
		hijack(w, n, func(c net.Conn, rw *bufio.ReadWriter) { io.WriteString(c, "taken") })
	}), act: toTheEnd(plainGet)},
	{name: "hijack: CONNECT", handler: hijacking(func(w http.ResponseWriter, c net.Conn, rw *bufio.ReadWriter, n *notes) {
		io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\ntunnel ")
		io.Copy(c, rw)
	}), act: toTheEnd("CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\npayload")},
}

// keeping takes the connection and ends by end; the request for /use makes use of it.
func keeping(end func()) func(*notes) http.Handler {
	return func(n *notes) http.Handler {
		kept := make(chan net.Conn, 1)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/use" {
				c := <-kept
				io.WriteString(c, "alive")
				c.Close()
				return
			}
			c, _, err := w.(http.Hijacker).Hijack()
			n.add("%v", err)
			kept <- c
			end()
		})
	}
}

// usedLater has another connection's request make use of the first.
func usedLater(c *client) {
	io.WriteString(c, plainGet)
	resp, err := http.Get("http://" + c.addr + "/use")
	if err != nil {
		c.note("%v", err)
		return
	}
	resp.Body.Close()
	b, err := io.ReadAll(c.r)
	c.note("%q %v", b, err)
}

func hijack(w http.ResponseWriter, n *notes, f func(net.Conn, *bufio.ReadWriter)) {
	c, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		n.add("%v", err)
		return
	}
	defer c.Close()
	f(c, rw)
}

func hijacking(f func(w http.ResponseWriter, c net.Conn, rw *bufio.ReadWriter, n *notes)) func(*notes) http.Handler {
	return do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		hijack(w, n, func(c net.Conn, rw *bufio.ReadWriter) { f(w, c, rw, n) })
	})
}

// toTheEnd sends s, says that it was all, and notes what comes back.
func toTheEnd(s string) func(*client) {
	return func(c *client) {
		io.WriteString(c, s)
		c.CloseWrite()
		b, err := io.ReadAll(c.r)
		c.note("%q %v", b, err)
	}
}
