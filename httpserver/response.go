package httpserver

import (
	"context"
	"net/http"
	"os"
	"time"

	"eddy/httputil"
	"eddy/loop"
	"eddy/stream"
)

// This file is the handler's side of an exchange: how a response is written.

// hold reports whether the caller is the handler's coroutine and holds the loop; then
// release must follow. Handlers may also write from a goroutine of their own.
func (x *exchange) hold() bool {
	co := x.Coroutine()
	return co != nil && co.Hold()
}

func (x *exchange) release(held bool) {
	if held {
		x.Coroutine().Release()
	}
}

func (x *exchange) date(held bool) []byte {
	if held {
		return x.conn.server.date.line(x.conn.Loop().Now())
	}
	return x.conn.server.date.line(time.Now())
}

// buffer returns what the response is written to: from the loop's pool if that is at hand.
func (x *exchange) buffer(held bool) *loop.Buffer {
	if x.out == nil {
		if held {
			x.out = x.conn.Loop().GetBuffer()
		} else {
			x.out = new(loop.Buffer)
		}
	}
	return x.out
}

// WriteHead implements httputil.ResponseWriter.
func (x *exchange) WriteHead(status int, reason string, h *httputil.Header, length int64) error {
	held := x.hold()
	defer x.release(held)
	closing := status >= 200 && x.closing(held)
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.writable(); err != nil {
		return err
	}
	if closing {
		x.enc.Last() // which was not known when the request came
	}
	b := x.buffer(held)
	p, err := x.enc.AppendHead(b.Tail(), status, reason, h, length, x.date(held))
	if err != nil {
		return err
	}
	b.SetTail(p)
	x.continued = x.continued || status == http.StatusContinue
	return nil
}

// SetTrailer implements httputil.ResponseWriter.
func (x *exchange) SetTrailer(h *httputil.Header) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.writable(); err != nil {
		return err
	}
	trailer := h.Clone()
	x.uncommon().trailer = &trailer
	return nil
}

func (x *exchange) writable() error {
	switch {
	case x.detached:
		return httputil.ErrDetached
	case x.finished:
		return httputil.ErrFinished
	case x.isLate():
		return os.ErrDeadlineExceeded
	case x.closed:
		return httputil.ErrClosed
	}
	return nil
}

// disconnect tells the handler that its client is gone.
func (x *exchange) disconnect() {
	x.mu.Lock()
	x.closed = true
	x.mu.Unlock()
	x.Cancel(httputil.ErrClosed)
}

// Write implements httputil.ResponseWriter. A long p is taken piece by piece, so that a
// slow client costs no more memory than the write buffer.
func (x *exchange) Write(p []byte) (n int, err error) {
	for {
		piece := p[n:min(len(p), n+flushSize)]
		full, err := x.append(piece)
		if err != nil {
			return n, err
		}
		if n += len(piece); full {
			if err := x.flush(n < len(p)); err != nil {
				return n, err
			}
		}
		if n == len(p) {
			return n, nil
		}
	}
}

func (x *exchange) append(p []byte) (full bool, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.writable(); err != nil {
		return false, err
	}
	if !x.enc.HeadWritten() {
		return false, httputil.ErrNoHead
	}
	b := x.out
	if b == nil {
		held := x.hold()
		b = x.buffer(held)
		x.release(held)
	}
	out, err := x.enc.AppendBody(b.Tail(), p)
	if err != nil {
		x.long = x.long || err == httputil.ErrBodyLength
		return false, err
	}
	b.SetTail(out)
	return b.Len() >= flushSize, nil
}

// Flush implements httputil.ResponseWriter.
func (x *exchange) Flush() error { return x.flush(false) }

// flush hands over what was written. more says that as much follows: then the next buffer is taken from
// the loop's pool while the loop is at hand, which it is not always.
func (x *exchange) flush(more bool) error {
	x.mu.Lock()
	err := x.writable()
	x.mu.Unlock()
	if err != nil {
		return err
	}
	slow := false
	err = x.onLoop(func() {
		x.handOver()
		if more {
			x.refill()
		}
		slow = x.conn.x == x && x.conn.Pending() > stream.HighWater
	})
	if err != nil || !slow {
		return err
	}
	// A client that has closed its sending side may still be reading, so the end of the
	// handler's context does not end this wait; the write timeout and a close do.
	return x.conn.Loop().Do(context.WithoutCancel(x), func(ctx context.Context) error {
		if err := x.conn.WaitWritten(ctx, stream.LowWater); err != nil {
			return x.lost(err)
		}
		return nil
	})
}

// refill makes room for the next bytes. It runs on the loop.
func (x *exchange) refill() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.out == nil && !x.finished {
		x.out = x.conn.Loop().GetBuffer()
	}
}

// handOver gives what was written to the connection. It runs on the loop.
func (x *exchange) handOver() {
	x.mu.Lock()
	b := x.out
	x.out = nil
	begun, continued := x.enc.HeadWritten(), x.continued
	x.mu.Unlock()
	if b != nil {
		x.sent = x.sent || begun
		x.expect = x.expect && !continued
		x.conn.Send(b)
	}
}

// Finish implements httputil.ResponseWriter.
func (x *exchange) Finish() error {
	held := x.hold()
	defer x.release(held)
	closing := x.closing(held)
	x.mu.Lock()
	if err := x.writable(); err != nil {
		x.mu.Unlock()
		return err
	}
	x.complete(held, closing)
	short := x.short
	x.mu.Unlock()
	if held {
		x.settle()
	} else {
		x.conn.Loop().PostTask((*finished)(x)) // or else JobDone settles it
	}
	if short {
		return httputil.ErrBodyLength
	}
	return nil
}

// Respond is what httputil.Respond calls: a whole response for the price of one step, if the loop is at
// hand.
func (x *exchange) Respond(status int, reason string, h *httputil.Header, body []byte) error {
	co := x.Coroutine()
	if len(body) > flushSize || status < 200 || co == nil || !co.Hold() {
		return httputil.RespondBySteps(x, status, reason, h, body)
	}
	closing := x.closing(true)
	x.mu.Lock()
	err := x.respond(status, reason, h, body, closing)
	var b *loop.Buffer
	if err == nil {
		b, x.out = x.out, nil
	}
	x.mu.Unlock()
	if err == nil {
		x.conclude(b)
	}
	co.Release() // not deferred, which costs as much again: nothing here panics
	return err
}

// respond writes a whole response. The caller holds mu and the loop.
func (x *exchange) respond(status int, reason string, h *httputil.Header, body []byte, closing bool) error {
	if err := x.writable(); err != nil {
		return err
	}
	if closing {
		x.enc.Last()
	}
	b := x.buffer(true)
	p, err := x.enc.AppendHead(b.Tail(), status, reason, h, int64(len(body)), x.date(true))
	if err != nil {
		return err
	}
	p, err = x.enc.AppendBody(p, body)
	b.SetTail(p)
	if err == nil {
		x.complete(true, closing)
	}
	return err
}

// finished is an exchange that was finished by a goroutine that does not have the loop.
type finished exchange

// RunTask implements loop.Task.
func (f *finished) RunTask() { (*exchange)(f).settle() }
