package httpclient

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/textproto"
	"reflect"
	"strconv"
	"time"

	"eddy/http1"
)

// tracer tells a [httptrace.ClientTrace] of one exchange. A nil tracer tells nobody. Its methods are for the
// connection's loop.
type tracer struct {
	*httptrace.ClientTrace
	told  bool                // what has become of the request
	early *http1.ResponseHead // an interim head that the caller is to be told of; the exchange's mu guards it
}

func newTracer(t *httptrace.ClientTrace) *tracer {
	if t == nil {
		return nil
	}
	return &tracer{ClientTrace: t}
}

// traceHead tells of the head that was just sent, and of a body that went along with it.
func (c *conn) traceHead(x *exchange) {
	if x.trace.WroteHeaderField != nil {
		x.traceFields()
	}
	c.FlushNow()
	if c.x != x { // the connection was not there any more
		return
	}
	if f := x.trace.WroteHeaders; f != nil {
		f()
	}
	if f := x.trace.Wait100Continue; f != nil && x.out.expect {
		f()
	}
	c.traceSent()
}

// traceFields tells of the fields of the head, those of one name together.
func (x *exchange) traceFields() {
	wrote := x.trace.WroteHeaderField
	wrote("Host", []string{x.out.host})
	switch n := x.out.length; {
	case n < 0:
		wrote("Transfer-Encoding", []string{"chunked"})
	case n > 0 || x.out.method == "POST" || x.out.method == "PUT" || x.out.method == "PATCH":
		wrote("Content-Length", []string{strconv.FormatInt(n, 10)})
	}
	told := make(map[string]bool)
	for name := range x.out.header.All() {
		if !told[name] && !framingField(name) {
			told[name] = true
			wrote(name, x.out.header.Values(name))
		}
	}
}

// framingField reports whether a field with this canonical name is never sent as the caller has it.
func framingField(name string) bool {
	switch name {
	case "Host", "Content-Length", "Transfer-Encoding", "Keep-Alive":
		return true
	}
	return false
}

// traceSent tells that the kernel has the request, if that is so.
func (c *conn) traceSent() {
	if x := c.x; x != nil && x.trace != nil && c.sent && c.Pending() == 0 {
		x.trace.sent(nil)
	}
}

// sent tells that the request has been written, or why not, once.
func (t *tracer) sent(err error) {
	if t == nil || t.told {
		return
	}
	t.told = true
	if f := t.WroteRequest; f != nil {
		f(httptrace.WroteRequestInfo{Err: err})
	}
}

func (t *tracer) firstByte() {
	if t != nil && t.GotFirstResponseByte != nil {
		t.GotFirstResponseByte()
	}
}

// interim tells of a head that another one follows, and reports whether the caller is to be told, too.
func (t *tracer) interim(head *http1.ResponseHead, expected bool) bool {
	if t == nil {
		return false
	}
	if f := t.Got100Continue; f != nil && expected && head.Status == http.StatusContinue {
		f()
	}
	return t.Got1xxResponse != nil
}

// awaitHeads is await for a caller with a trace, who is given the interim heads meanwhile. The trace may park or block
// there, and its error ends the exchange.
func (x *exchange) awaitHeads(ctx context.Context, w want) error {
	for {
		err := x.await(ctx, w)
		if err != nil || x.trace == nil {
			return err
		}
		x.mu.Lock()
		head := x.trace.early
		x.trace.early = nil
		x.mu.Unlock()
		if head == nil {
			return nil
		}
		if err := x.trace.Got1xxResponse(head.Status, textproto.MIMEHeader(httpHeader(&head.Header))); err != nil {
			return err
		}
		x.mu.Lock()
		x.stopped = false
		x.mu.Unlock()
		x.conn.onLoop(ctx, x.conn.goOn)
	}
}

var errNotKept = errors.New("httpclient: the connection is not kept")

// idle tells whether the connection is kept for another request.
func (t *tracer) idle(kept bool) {
	if t == nil || t.PutIdleConn == nil {
		return
	}
	if kept {
		t.PutIdleConn(nil)
	} else {
		t.PutIdleConn(errNotKept)
	}
}

func traceGetConn(t *httptrace.ClientTrace, addr string) {
	if t != nil && t.GetConn != nil {
		t.GetConn(addr)
	}
}

// traceGotConn tells which connection is used. It is the caller's.
func traceGotConn(ctx context.Context, t *httptrace.ClientTrace, c *conn, fresh bool) {
	if t == nil || t.GotConn == nil || c == nil {
		return
	}
	shown := new(shownConn)
	info := httptrace.GotConnInfo{Conn: shown, Reused: !fresh, WasIdle: !fresh}
	c.Loop().Do(context.WithoutCancel(ctx), func(context.Context) error {
		if !c.Closed() {
			files := c.Loop().Files()
			shown.local, shown.remote = files.LocalAddr(c.FD()), files.PeerAddr(c.FD())
		}
		if !fresh {
			info.IdleTime = time.Since(c.last)
		}
		return nil
	})
	t.GotConn(info)
}

// shownConn tells the addresses of a connection, and does nothing else.
type shownConn struct{ local, remote netip.AddrPort }

func (c *shownConn) LocalAddr() net.Addr  { return net.TCPAddrFromAddrPort(c.local) }
func (c *shownConn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.remote) }

func (c *shownConn) Read([]byte) (int, error)         { return 0, errors.ErrUnsupported }
func (c *shownConn) Write([]byte) (int, error)        { return 0, errors.ErrUnsupported }
func (c *shownConn) Close() error                     { return errors.ErrUnsupported }
func (c *shownConn) SetDeadline(time.Time) error      { return errors.ErrUnsupported }
func (c *shownConn) SetReadDeadline(time.Time) error  { return errors.ErrUnsupported }
func (c *shownConn) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

func traceLookUp(t *httptrace.ClientTrace, host string) {
	if t != nil && t.DNSStart != nil {
		t.DNSStart(httptrace.DNSStartInfo{Host: host})
	}
}

func traceFound(t *httptrace.ClientTrace, addrs []netip.AddrPort, err error) {
	if t == nil || t.DNSDone == nil {
		return
	}
	info := httptrace.DNSDoneInfo{Err: err}
	for _, a := range addrs {
		info.Addrs = append(info.Addrs, net.IPAddr{IP: a.Addr().AsSlice(), Zone: a.Addr().Zone()})
	}
	t.DNSDone(info)
}

// untraced is a context for resolvers that keeps package net from telling the trace of its part: the
// look-up was told of already, and not every resolver is of package net.
type untraced struct{ context.Context }

func (c untraced) Value(key any) any {
	if t := reflect.TypeOf(key); t != nil && t.PkgPath() == "internal/nettrace" {
		return nil
	}
	return c.Context.Value(key)
}

// traceAttempts returns what tells of attempts to connect, nil if nobody wants to know.
func traceAttempts(t *httptrace.ClientTrace) func(network, addr string) func(error) {
	if t == nil || t.ConnectStart == nil && t.ConnectDone == nil {
		return nil
	}
	return func(network, addr string) func(error) {
		if t.ConnectStart != nil {
			t.ConnectStart(network, addr)
		}
		if t.ConnectDone == nil {
			return nil
		}
		return func(err error) { t.ConnectDone(network, addr, err) }
	}
}

func traceHandshake(t *httptrace.ClientTrace) {
	if t != nil && t.TLSHandshakeStart != nil {
		t.TLSHandshakeStart()
	}
}

func traceSecured(t *httptrace.ClientTrace, state tls.ConnectionState, err error) {
	if t != nil && t.TLSHandshakeDone != nil {
		t.TLSHandshakeDone(state, err)
	}
}
