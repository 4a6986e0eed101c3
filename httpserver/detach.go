package httpserver

import (
	"context"
	"errors"
	"fmt"

	"eddy/httputil"
	"eddy/loop"
	"eddy/stream"
	"eddy/tcp"
)

// Detach gives the connection that w answers by to the handler, as a stream on its loop: for
// engine code that goes on in another protocol. sink is told of what happens on it from then on; with
// nil it is a stream for coroutines.
//
// What was written to w is sent first, for which Detach parks, within WriteTimeout. What the
// client has sent behind the request's head stays in the stream, a body included. Reading is paused
// (stream.Stream.Resume), a hang-up may have been noticed already (HungUp), and no deadline is set.
// The methods of w fail with httputil.ErrDetached from then on, and so do reads of the request's body.
//
// The connection is not the server's any more: Shutdown neither waits for it nor closes it, and
// Connections does not count it. It keeps its place among MaxConnections until it is closed,
// and it ends with its loop.
//
// Layers around a writer of this package are taken off, if they have a method Unwrap that returns what is
// below, as that of httputil/compress has.
//
// Detach fails with errors.ErrUnsupported if w is not of this package, as under net/http; with
// httputil.ErrFinished when the response has ended; with stream.ErrNotIdle while the request's
// body is being read; and with httputil.ErrClosed if the client has gone. After stream.ErrNotIdle
// the response can go on. Any goroutine, while the handler runs.
func Detach(w httputil.ResponseWriter, sink stream.Sink) (*stream.Stream, error) {
	x, ok := unwrapped(w).(*exchange)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	if sink == nil {
		sink = noSink{}
	}
	err := x.detach(func(c *conn) error {
		s := c.server.spreader
		c.SetSink(&departed{sink, s, c.Loop()})
		s.Part(c.Loop(), true)
		c.SetDeadline(0)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &x.conn.Stream, nil
}

// unwrapped returns the engine's writer under those that a handler's layers have put around it, which send
// what they hold back when they are asked.
func unwrapped(w httputil.ResponseWriter) httputil.ResponseWriter {
	for {
		layer, ok := w.(interface {
			Unwrap() httputil.ResponseWriter
		})
		if !ok {
			return w
		}
		w = layer.Unwrap()
	}
}

// detach is the base of Detach and Hijack: it sends what was written, and then has give take the
// connection from the server: on the loop, with nothing unsent.
func (x *exchange) detach(give func(c *conn) error) error {
	return x.conn.Loop().Do(context.WithoutCancel(x), func(ctx context.Context) error {
		c := x.conn
		if err := x.readyToDetach(ctx); err != nil {
			return err
		}
		for _, of := range []side{remote, local} { // which are not to be had later
			x.keepAddr(of, c.addr(of))
		}
		err := give(c)
		if err != nil {
			c.server.spreader.Gone(c.Loop()) // it is closed, of which nobody else was told
		}
		c.x = nil
		return err
	})
}

// readyToDetach sends what was written, and lets nobody write any more.
func (x *exchange) readyToDetach(ctx context.Context) error {
	c := x.conn
	if x.over() {
		return x.overErr()
	}
	x.mu.Lock()
	err := x.writable()
	x.detached = err == nil
	x.mu.Unlock()
	if err != nil {
		return err
	}
	x.handOver()
	err = c.WaitWritten(ctx, 0)
	switch {
	case err != nil:
		err = fmt.Errorf("%w: %w", httputil.ErrClosed, err)
	case x.over():
		err = httputil.ErrFinished // the handler has returned meanwhile
	case c.Reading(), c.Pending() > 0: // a file's, of another goroutine
		err = stream.ErrNotIdle
	}
	if err != nil {
		x.mu.Lock()
		x.detached = false
		x.mu.Unlock()
	}
	return err
}

// over reports whether the response has ended, or the connection was given away. It is for the loop.
func (x *exchange) over() bool { return x.conn.x != x || x.settled }

// overErr is what calls fail with when the exchange is over.
func (x *exchange) overErr() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.detached {
		return httputil.ErrDetached
	}
	return httputil.ErrFinished
}

// departed is the sink of a connection that was given away: it gives up its place at the end.
type departed struct {
	stream.Sink
	spreader *tcp.Spreader
	loop     *loop.Loop
}

// StreamClosed implements stream.Sink.
func (d *departed) StreamClosed(err error) {
	d.spreader.Parted(d.loop)
	d.Sink.StreamClosed(err)
}

// noSink is the sink of a stream that coroutines read.
type noSink struct{}

func (noSink) StreamReadable()    {}
func (noSink) StreamHangup()      {}
func (noSink) StreamBlocked()     {}
func (noSink) StreamFlushed()     {}
func (noSink) StreamDeadline()    {}
func (noSink) StreamClosed(error) {}
