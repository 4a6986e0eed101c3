package hardserver

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// A conn is a connection as a script sees it. Errors are left alone: whatever happens to the
// client's side, a script goes on to its end.
type conn struct {
	net.Conn // the TLS connection, if there is one
	raw      *net.TCPConn
	r        *bufio.Reader
	server   *Server

	base   string        // the path of the case
	nth    int           // 1 for the server's first connection
	served int           // requests that came over this one
	ahead  *http.Request // read already, and not yet taken by the script
	over   bool          // the script is done with the connection
	rude   bool          // it is not to be closed in order
}

// read waits for the next request's head.
func (c *conn) read() bool {
	if c.ahead != nil {
		return true
	}
	var err error
	if c.ahead, err = http.ReadRequest(c.r); err != nil {
		c.over = true
		return false
	}
	c.served++
	return true
}

// next returns the next request, whose body is not yet read. If the client has gone, it is an
// empty one.
func (c *conn) next() *http.Request {
	if !c.read() {
		return &http.Request{Method: "GET", URL: mustParse(c.base), Header: http.Header{}, Body: http.NoBody}
	}
	r := c.ahead
	c.ahead = nil
	return r
}

// skip reads n bytes of a body and returns how many there were.
func (c *conn) skip(n int) int {
	got, _ := io.CopyN(io.Discard, c.r, int64(n))
	return int(got)
}

func (c *conn) send(s string) { io.WriteString(c, s) }

// drip sends s in pieces of one byte.
func (c *conn) drip(s string, pause time.Duration) {
	for i := range len(s) {
		if _, err := io.WriteString(c, s[i:i+1]); err != nil || !c.pause(pause) {
			return
		}
	}
}

// flood sends s over and over, more of it than any client takes, and then nothing.
func (c *conn) flood(s string) {
	const enough = 64 << 20
	block := strings.Repeat(s, 1+(32<<10)/len(s))
	for sent := 0; sent < enough; sent += len(block) {
		if _, err := io.WriteString(c, block); err != nil {
			c.end()
			return
		}
	}
	c.stall()
}

// repeat sends s over and over, slowly, until the client has had enough.
func (c *conn) repeat(s string, pause time.Duration) {
	for c.pause(pause) {
		if _, err := io.WriteString(c, s); err != nil {
			break
		}
	}
	c.end()
}

// pause waits. It reports false once the server is closed.
func (c *conn) pause(d time.Duration) bool {
	if d == 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.server.done:
		return false
	}
}

// stall reads until the client has gone, and says nothing.
func (c *conn) stall() {
	io.Copy(io.Discard, c.r)
	c.end()
}

// hold does nothing at all until the server is closed: it does not even read.
func (c *conn) hold() {
	c.pause(Lifetime)
	c.end()
}

// end says that the connection is to be closed in order.
func (c *conn) end() { c.over = true }

// shut ends what the client reads, at once.
func (c *conn) shut() {
	c.end()
	c.raw.CloseWrite()
}

// await waits until the client has made something of the response before.
func (c *conn) await() {
	select {
	case <-c.server.idle:
	case <-c.server.done:
	}
}

// reset closes the connection so that the client's system is told of a reset.
func (c *conn) reset() {
	c.over, c.rude = true, true
	c.raw.SetLinger(0)
	c.raw.Close()
}

// slam closes the connection without a word of TLS, and without reading what still comes.
func (c *conn) slam() {
	c.over, c.rude = true, true
	c.raw.Close()
}

// finish closes the connection. What the client still sends is read, for else the system would
// answer it with a reset, and that may overtake what was sent.
func (c *conn) finish() {
	defer c.raw.Close()
	if c.rude {
		return
	}
	if t, ok := c.Conn.(*tls.Conn); ok {
		t.CloseWrite()
	}
	c.raw.CloseWrite()
	c.raw.SetDeadline(time.Now().Add(time.Second))
	io.Copy(io.Discard, c.raw)
}
