package tcp

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"syscall"

	"eddy/internal/poll"
	"eddy/loop"
)

// acceptBatch bounds the connections accepted in one turn, so that a storm of them
// leaves time for those that are already there.
const acceptBatch = 128

// Acceptor accepts a listener's connections on a loop. Its methods belong to the loop.
type Acceptor struct {
	listener *Listener
	loop     *loop.Loop
	files    poll.Files
	doors    []*door
	accepted func(fd int)
	gate     gate
	reserve  *os.File // a descriptor to give up when there is no other
	trouble  trouble
	resting  *loop.Timer
	barred   bool // by the gate
	closed   bool
}

// door is one of the sockets.
type door struct {
	acceptor *Acceptor
	fd       int
	id       loop.ID
}

// A gate bounds the connections of several acceptors. It is called on their loops.
type gate interface {
	// enter counts a connection in before it is accepted. If there is no room it returns false,
	// and calls the acceptor's unbar later.
	enter(*Acceptor) bool
	// leave counts out one that there was not.
	leave()
	// refused counts those that were closed for lack of descriptors.
	refused(n int)
	// shut is called once, when the acceptor has been closed.
	shut(*Acceptor)
}

// noGate is the gate of an acceptor that stands alone.
type noGate struct{}

func (noGate) enter(*Acceptor) bool { return true }
func (noGate) leave()               {}
func (noGate) refused(int)          {}
func (noGate) shut(*Acceptor)       {}

// Accept starts to accept: each new connection's descriptor, non-blocking and close-on-exec, is
// given to accepted, which runs on lp and owns it. When the process or the system is out of
// descriptors, waiting connections are closed and accepting rests for a tenth of a second, or
// up to a second if that goes on; the log tells. A panic of accepted is logged, and accepting
// goes on; the descriptor is left as it was. The listener is the acceptor's from then on, and
// is closed if Accept fails. It knows nothing of PROXY headers: a [Spreader] reads them. Call
// it on lp.
func (l *Listener) Accept(lp *loop.Loop, accepted func(fd int)) (*Acceptor, error) {
	return l.accept(lp, accepted, noGate{})
}

func (l *Listener) accept(lp *loop.Loop, accepted func(fd int), g gate) (*Acceptor, error) {
	origs := l.take()
	if origs == nil {
		return nil, net.ErrClosed
	}
	var fds []int
	for i, orig := range origs {
		fd, err := lp.Files().Adopt(orig)
		if err != nil {
			for _, fd := range fds {
				lp.Files().Close(fd)
			}
			closeAll(origs[i+1:])
			l.Close()
			return nil, fmt.Errorf("tcp: %w", err)
		}
		fds = append(fds, fd)
	}
	return accept(l, lp, fds, accepted, g)
}

// accept accepts on descriptors, which it owns.
func accept(l *Listener, lp *loop.Loop, fds []int, accepted func(fd int), g gate) (*Acceptor, error) {
	a := &Acceptor{listener: l, loop: lp, files: lp.Files(), accepted: accepted, gate: noGate{}}
	a.openReserve()
	for _, fd := range fds {
		a.doors = append(a.doors, &door{acceptor: a, fd: fd})
	}
	for _, d := range a.doors {
		var err error
		if d.id, err = lp.AddHandler(d.fd, d, loop.Read); err != nil {
			a.Close()
			return nil, fmt.Errorf("tcp: %w", err)
		}
	}
	a.gate = g // which hears of an acceptor that is one
	return a, nil
}

// HandleReady implements loop.Handler.
func (d *door) HandleReady(loop.Ready) {
	a := d.acceptor
	for range acceptBatch {
		if !a.wanted() {
			return // since the event, or by the last connection
		}
		if !a.gate.enter(a) {
			a.barred = true
			a.watch()
			return
		}
		fd, err := a.files.Accept(d.fd)
		if err == nil {
			a.trouble.over()
			a.hand(fd)
			continue
		}
		a.gate.leave()
		switch {
		case err == syscall.EAGAIN:
			return
		case gone(err):
		case scarce(err):
			a.shed(d, err)
		default:
			if due, _ := a.trouble.report(a.loop.Now(), 0); due {
				a.say(slog.LevelError, "accept failed", slog.Any("error", err))
			}
			a.rest()
		}
	}
}

// wanted reports whether connections shall be accepted now.
func (a *Acceptor) wanted() bool { return !a.closed && !a.barred && a.resting == nil }

// watch tells the loop whether they shall.
func (a *Acceptor) watch() {
	var want loop.Ready
	if a.wanted() {
		want = loop.Read
	}
	for _, d := range a.doors {
		a.loop.UpdateHandler(d.id, want)
	}
}

// unbar is called by the gate when there may be room again.
func (a *Acceptor) unbar() {
	a.barred = false
	a.watch()
}

// hand keeps a panic from ending the acceptor: one connection must not cost all others.
func (a *Acceptor) hand(fd int) {
	defer func() {
		if p := recover(); p != nil {
			a.say(slog.LevelError, "panic over a new connection", slog.Any("panic", p),
				slog.String("stack", string(debug.Stack())))
		}
	}()
	a.accepted(fd)
}

// HandleDeadline implements loop.Handler; an acceptor sets none.
func (d *door) HandleDeadline() {}

// HandleLoopClose implements loop.Handler.
func (d *door) HandleLoopClose() { d.acceptor.Close() }

// Close stops accepting and closes the listener. Connections that were accepted go on. A
// second call does nothing. Call it on the loop.
func (a *Acceptor) Close() (first error) {
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
	a.listener.file.remove()
	for _, d := range a.doors {
		a.loop.RemoveHandler(d.id)
		if err := a.files.Close(d.fd); first == nil {
			first = err
		}
	}
	a.gate.shut(a)
	return first
}
