package tcp

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"syscall"
	"time"

	"eddy/internal/poll"
	"eddy/loop"
)

const (
	// acceptBatch bounds the connections accepted in one turn, so that a storm of them
	// leaves time for those that are already there.
	acceptBatch = 128
	// acceptPause is how long accepting rests when the system is out of descriptors.
	acceptPause = 100 * time.Millisecond
)

// Acceptor accepts a listener's connections on a loop.
type Acceptor struct {
	listener *Listener
	loop     *loop.Loop
	files    poll.Files
	fd       int
	id       loop.ID
	accepted func(fd int)
	reserve  *os.File // a descriptor to give up when there is no other
	resting  *loop.Timer
	closed   bool
}

// Accept starts to accept: each new connection's descriptor, non-blocking and
// close-on-exec, is given to accepted, which runs on lp and owns it. When the process or
// the system is out of descriptors, waiting connections are closed and accepting rests for
// a tenth of a second; the log tells. A panic of accepted is logged, and accepting goes on; the
// descriptor is left as it was. The listener is the acceptor's from then on, and is
// closed if Accept fails. Call it on lp.
func (l *Listener) Accept(lp *loop.Loop, accepted func(fd int)) (*Acceptor, error) {
	orig := l.orig
	if orig == nil {
		return nil, net.ErrClosed
	}
	l.orig = nil
	fd, err := lp.Files().Adopt(orig)
	if err != nil {
		l.Close()
		return nil, fmt.Errorf("tcp: %w", err)
	}
	return accept(l, lp, fd, accepted)
}

// accept accepts on fd, which it owns.
func accept(l *Listener, lp *loop.Loop, fd int, accepted func(fd int)) (a *Acceptor, err error) {
	a = &Acceptor{listener: l, loop: lp, files: lp.Files(), fd: fd, accepted: accepted}
	a.openReserve()
	if a.id, err = lp.AddHandler(fd, a, loop.Read); err != nil {
		a.Close()
		return nil, fmt.Errorf("tcp: %w", err)
	}
	return a, nil
}

func (a *Acceptor) openReserve() {
	if a.reserve == nil {
		a.reserve, _ = os.Open(os.DevNull) // tried again when the next one is short
	}
}

// HandleReady implements loop.Handler.
func (a *Acceptor) HandleReady(loop.Ready) {
	for range acceptBatch {
		fd, err := a.files.Accept(a.fd)
		switch err {
		case nil:
			a.hand(fd)
		case syscall.EAGAIN:
			return
		case syscall.ECONNABORTED, syscall.EPROTO:
			// That connection was gone before it was accepted.
		case syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM:
			a.shed(err)
			return
		default:
			a.loop.Logger().Error("accept failed", slog.Any("error", err), slog.String("addr", a.listener.addr.String()))
			a.rest()
			return
		}
		if a.closed {
			return
		}
	}
}

// hand keeps a panic from ending the acceptor: one connection must not cost all others.
func (a *Acceptor) hand(fd int) {
	defer func() {
		if p := recover(); p != nil {
			a.loop.Logger().Error("panic over a new connection", slog.Any("panic", p),
				slog.String("stack", string(debug.Stack())), slog.String("addr", a.listener.addr.String()))
		}
	}()
	a.accepted(fd)
}

// shed gives up the reserve descriptor to accept connections and close them: their
// clients learn that they are refused instead of waiting in the backlog.
func (a *Acceptor) shed(cause error) {
	refused := 0
	if a.reserve != nil {
		a.reserve.Close()
		a.reserve = nil
		for ; refused < acceptBatch; refused++ {
			fd, err := a.files.Accept(a.fd)
			if err != nil {
				break
			}
			a.files.Close(fd)
		}
		a.openReserve()
	}
	a.loop.Logger().Warn("out of descriptors: connections are refused", slog.Any("error", cause),
		slog.Int("refused", refused), slog.String("addr", a.listener.addr.String()))
	a.rest()
}

func (a *Acceptor) rest() {
	a.loop.UpdateHandler(a.id, 0)
	a.resting = a.loop.CallLater(acceptPause, func() {
		a.resting = nil
		a.openReserve()
		a.loop.UpdateHandler(a.id, loop.Read)
	})
}

// HandleDeadline implements loop.Handler; an acceptor sets none.
func (a *Acceptor) HandleDeadline() {}

// HandleLoopClose implements loop.Handler.
func (a *Acceptor) HandleLoopClose() { a.Close() }

// Close stops accepting and closes the listener. Connections that were accepted go on. A
// second call does nothing. Call it on the loop.
func (a *Acceptor) Close() error {
	if a.closed {
		return nil
	}
	a.closed = true
	if a.resting != nil {
		a.resting.Stop()
	}
	if a.reserve != nil {
		a.reserve.Close()
	}
	a.loop.RemoveHandler(a.id)
	err := a.files.Close(a.fd)
	a.listener.removeFile()
	return err
}
