package httpserver

import (
	"bytes"
	"errors"
	"log/slog"
	"math"
	"net/netip"
	"time"

	"eddy/http1"
	"eddy/httputil"
	"eddy/loop"
	"eddy/stream"
	"eddy/tcp/proxyproto"
)

// conn is one connection. It exists for as long as the client stays, mostly idle, so every
// field counts: what a request needs is in the exchange.
//
// It belongs to its loop, and is in one of the phases below.
type conn struct {
	stream.Stream
	server *Server
	reader http1.RequestReader
	x      *exchange // the request being served, nil in every phase but busy
	phase  phase
	last   bool   // no request may follow the present one
	secure bool   // by TLS
	firm   bool   // the output's deadline is one that a handler has set: no progress moves it
	served uint32 // requests that were begun
}

type phase uint8

const (
	fresh    phase = iota // opened, no byte has come
	greeting              // some of HTTP/2's preface has come, and nothing else
	idle                  // between requests
	reading               // some of a head has come
	skipping              // the rest of a body that nobody wanted is to come
	busy                  // an exchange is under way
	leaving               // the last response is being sent
	handing               // on its way to HTTP/2
)

// proxied is a connection whose addresses are kept: a trusted proxy has told them, or
// Options.Proxies needs them for every request. It is another type, so that other connections have
// no field for them.
type proxied struct {
	conn
	remote, local netip.AddrPort
}

// connOf returns the connection that a loop's handler belongs to.
func connOf(h loop.Handler) (*conn, bool) {
	if s, ok := h.(*stream.Stream); ok {
		switch c := s.Sink().(type) {
		case *conn:
			return c, true
		case *proxied:
			return &c.conn, true
		}
	}
	return nil, false
}

// open begins with a new connection, on its loop.
func (s *Server) open(l *loop.Loop, fd int, h *proxyproto.Header) { s.begin(l, fd, h, false) }

// openTLS begins with one that begins with a handshake.
func (s *Server) openTLS(l *loop.Loop, fd int, h *proxyproto.Header) { s.begin(l, fd, h, true) }

func (s *Server) begin(l *loop.Loop, fd int, h *proxyproto.Header, secure bool) {
	if remote, local, ok := s.keeps(l, fd, h); ok {
		p := &proxied{conn{server: s, secure: secure}, remote, local}
		p.open(l, fd, p)
	} else {
		c := &conn{server: s, secure: secure}
		c.open(l, fd, c)
	}
}

func (c *conn) open(l *loop.Loop, fd int, sink stream.Sink) {
	if err := c.Init(l, fd, sink); err != nil {
		c.server.options.Logger.Error("a connection was dropped", slog.Any("error", err))
		c.server.spreader.Gone(l)
		return
	}
	if c.secure {
		c.beginTLS()
	} else {
		c.SetDeadline(c.server.options.HeaderTimeout)
	}
}

// StreamReadable implements stream.Sink.
func (c *conn) StreamReadable() { c.advance() }

// advance goes on with the next request if there is one and its turn has come.
func (c *conn) advance() {
	switch {
	case c.phase >= busy:
		return
	case c.phase == skipping:
		c.skip()
		return
	}
	if c.phase == idle && c.Pending() > stream.HighWater {
		c.FlushNow()
		if c.Pending() > stream.HighWater {
			// The client sends requests and does not read the responses: StreamFlushed
			// goes on when it does.
			c.Pause()
			return
		}
	}
	p := c.Unread()
	if c.phase <= greeting && c.server.options.H2C && !c.secure && c.greet(p) {
		return
	}
	n, err := c.reader.FindHead(p, &c.server.heads)
	switch {
	case err != nil:
		c.refuse(&httputil.Request{}, err)
	case n > 0:
		c.begin(p[:n])
	case c.EOF():
		c.leave((*stream.Stream).Close)
	case len(p) > 0 && c.phase != reading:
		c.phase = reading
		c.allow(c.server.options.HeaderTimeout)
	}
}

var newline = []byte("\n")

// begin starts an exchange. The head is copied once, into one string that all strings of
// the request are slices of.
func (c *conn) begin(head []byte) {
	n := bytes.Count(head, newline) - 2 // without the request line and the empty one
	x, fields := newExchange(min(n, c.server.heads.HeaderFields))
	x.conn = c
	x.req.Header = httputil.HeaderOver(fields)
	err := c.reader.ParseHead(string(head), &c.server.heads, &x.req)
	c.Discard(len(head))
	if err == nil && c.reader.ExpectUnknown() {
		err = errExpectation
	}
	if err != nil {
		c.refuse(&x.req, err)
		return
	}
	c.phase, c.x, c.firm = busy, x, false
	c.served++
	if most := c.server.options.MaxRequestsPerConnection; most > 0 && int64(c.served) >= int64(most) {
		c.last = true
	}
	c.Pause()
	x.begin()
}

var errExpectation = &http1.Error{Status: 417, Reason: "unknown expectation", Section: "RFC 9110 §10.1.1"}

// skipMost is the longest body that is read and dropped behind a response that did not
// need it, so that the connection can be used again.
const skipMost = 256 << 10

// ended is called when an exchange is over and its response is on its way. complete is
// whether the request's body was read to its end.
func (c *conn) ended(keepAlive, complete bool) {
	x := c.x
	x.keepWriteDeadline()
	c.x = nil
	last := !keepAlive || c.last
	switch {
	case c.Closed():
		c.server.spreader.Gone(c.Loop())
	case !complete && !last && c.skippable(x.expect):
		c.phase = skipping
		c.Resume()
		c.allow(c.server.options.BodyTimeout)
	case !complete || last && (x.body != nil || c.reader.KeepAlive() || len(c.Unread()) > 0 || c.Neglected()):
		// Closing with unread bytes would reset the connection, and the response with it. A
		// client that has not asked for the end may have sent another request by now, and old
		// ones send a CRLF behind a body.
		c.leave((*stream.Stream).Drain)
	case last:
		c.leave((*stream.Stream).Close)
	default:
		c.rest()
	}
}

// skip goes on dropping a body that nobody wanted.
func (c *conn) skip() {
	complete, err := c.skipBody()
	switch {
	case err != nil:
		c.leave((*stream.Stream).Drain)
	case complete:
		c.rest()
	case c.EOF():
		c.leave((*stream.Stream).Close)
	}
}

// rest waits for the next request, which may be here already.
func (c *conn) rest() {
	c.phase = idle
	next := len(c.Unread()) > 0
	if c.server.spreader.Stopped() && !next {
		c.leave((*stream.Stream).Drain)
		return
	}
	c.Resume()
	switch {
	case !c.Blocked():
		if !next { // else it is set by what comes of that
			c.SetDeadline(c.server.options.IdleTimeout)
		}
	case passed(c.OutputDue(), c.Loop().Now()): // while the client had time for a head
		if c.StreamDeadline(); c.Closed() {
			return
		}
	default:
		c.watchOutput()
	}
	c.advance()
}

// skipBody drops what the handler left of the body if that is here already, and reports
// whether that was all of it. To read on for a body that nobody wants would be the client's gain
// only. Its error is the body's first fault.
func (c *conn) skipBody() (complete bool, err error) {
	for !c.Closed() && !c.reader.BodyDone() {
		_, n, done, err := c.reader.ReadBody(c.Unread(), math.MaxInt, &c.server.heads, nil)
		c.Discard(n)
		if err != nil || !done && n == 0 {
			return false, err
		}
	}
	return true, nil
}

// leave closes the connection after what has been written: by Close, or by Drain if the
// client may still be sending.
func (c *conn) leave(how func(*stream.Stream)) {
	c.phase = leaving
	c.Pause() // nobody takes what the client still sends
	how(&c.Stream)
	if c.Blocked() {
		c.watchOutput()
	}
}

// refuse answers a request that cannot be served, of which any part may be missing, and closes.
func (c *conn) refuse(req *httputil.Request, err error) {
	status, reason := 400, "malformed request"
	var fault *http1.Error
	if errors.As(err, &fault) {
		status, reason = fault.Status, fault.Reason
	}
	c.server.options.Logger.Info("malformed request", slog.Int("status", status), slog.String("reason", reason),
		slog.String("client", c.RemoteAddr().String()))
	c.answer(req, status, reason)
}

// answer sends an error as the connection's last response.
func (c *conn) answer(req *httputil.Request, status int, reason string) {
	c.last = true
	var enc http1.ResponseEncoder
	enc.Init(req, false)
	b := c.Loop().GetBuffer()
	if p, err := appendError(b.Tail(), &enc, status, reason, c.server.date.line(c.Loop().Now())); err == nil {
		b.SetTail(p)
	}
	c.Send(b)
	c.leave((*stream.Stream).Drain)
}

// shutdownHead is how long a head or an unwanted body that is under way when a Shutdown
// begins may still take.
const shutdownHead = 5 * time.Second

// closeIfIdle is for Shutdown.
func (c *conn) closeIfIdle() {
	switch c.phase {
	case fresh, idle:
		c.leave((*stream.Stream).Close)
	case greeting, reading, skipping:
		c.allow(shutdownHead)
	case handing:
		c.CloseNow()
	}
}

// StreamHangup implements stream.Sink: the client sends no more while its request is
// served. It may still read, so the response is sent if the handler makes one, and so are
// those to requests that came before the hang-up.
func (c *conn) StreamHangup() {
	if c.x != nil && c.reader.BodyDone() { // else the body's reader is told at its end
		c.x.Cancel(httputil.ErrClosed)
	}
}

// StreamClosed implements stream.Sink.
func (c *conn) StreamClosed(error) {
	if c.x != nil {
		c.x.disconnect() // its handler is waited for: see ended
	} else {
		c.server.spreader.Gone(c.Loop())
	}
}
