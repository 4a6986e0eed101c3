package httpclient

import (
	"context"
	"io"
	"sync"

	"eddy/httputil"
	"eddy/loop"
)

// h2Source is a body whose source writes while x/net reads. What is written stays where it is until it was read, so
// that the writer is as slow as the server.
type h2Source struct {
	e    *h2Exchange
	ctx  context.Context
	stop context.CancelFunc

	mu             sync.Mutex
	begun, closed  bool
	left           int64  // of the announced length; negative: none was announced
	piece          []byte // what is being written and was not read
	end            error  // why nothing follows
	writer, reader *loop.Waiter
}

func newH2Source(ctx context.Context, e *h2Exchange) *h2Source {
	b := &h2Source{e: e, left: e.x.out.length}
	b.ctx, b.stop = context.WithCancel(ctx)
	return b
}

// run is the source's side.
func (b *h2Source) run(ctx context.Context) {
	b.mu.Lock()
	b.ctx = ctx // by which its writes park
	b.mu.Unlock()
	err := errExited
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch {
		case err == nil && b.left > 0:
			err = httputil.ErrBodyLength
			fallthrough
		case err != nil:
			b.end = &sourceError{err}
		default:
			b.end = io.EOF
		}
		wake(&b.reader)
	}()
	err = b.e.x.out.source.run(ctx, b)
}

// Write implements io.Writer for the source.
func (b *h2Source) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left >= 0 {
		if int64(len(p)) > b.left {
			return 0, httputil.ErrBodyLength
		}
		b.left -= int64(len(p))
	}
	b.piece = p
	wake(&b.reader)
	for len(b.piece) > 0 && !b.closed {
		if err := b.wait(b.ctx, &b.writer); err != nil {
			break
		}
	}
	rest := len(b.piece)
	if b.piece = nil; rest > 0 {
		return len(p) - rest, errOver
	}
	return len(p), nil
}

// Read implements io.Reader for x/net. The source begins with the first one.
func (b *h2Source) Read(p []byte) (int, error) {
	b.e.rest() // it is the source's time
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.begun {
		b.begun = true
		b.e.launch(b.ctx, b.run)
	}
	for len(b.piece) == 0 && b.end == nil && !b.closed {
		if err := b.wait(context.Background(), &b.reader); err != nil {
			return 0, err
		}
	}
	if b.closed {
		return 0, errOver
	}
	b.e.heard()
	if len(b.piece) == 0 {
		return 0, b.end
	}
	n := copy(p, b.piece)
	if b.piece = b.piece[n:]; len(b.piece) == 0 {
		wake(&b.writer)
	}
	return n, nil
}

// Close implements io.Closer: nobody needs any more of the body.
func (b *h2Source) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.stop()
	wake(&b.writer)
	wake(&b.reader)
	return nil
}

// wait waits to be woken. The caller holds mu, which is free meanwhile.
func (b *h2Source) wait(ctx context.Context, at **loop.Waiter) error {
	var w loop.Waiter
	w.Init(ctx)
	*at = &w
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		*at = nil
	}()
	return w.Wait(ctx)
}

func wake(at **loop.Waiter) {
	if *at != nil {
		(*at).Wake()
		*at = nil
	}
}
