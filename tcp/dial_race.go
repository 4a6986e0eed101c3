package tcp

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"

	"eddy/internal/poll"
	"eddy/loop"
	"eddy/stream"
)

// busyPause is how long it is until a Unix socket whose listener had no room is tried again.
const busyPause = 10 * time.Millisecond

// race is one dial: attempts, of which the first to succeed wins. A coroutine begins them
// and waits, and their descriptors' handlers tell it how they end; all of it happens on
// the loop, and what is open when the coroutine leaves is closed.
type race struct {
	loop    *loop.Loop
	control func(network, address string, c syscall.RawConn) error
	attempt func(network, address string) (ended func(error))
	local   netip.AddrPort
	path    string // of a Unix socket; "": TCP

	plan   schedule
	open   []*attempt
	errs   errorList
	winner *attempt     // it is among the open ones until it becomes a stream
	waiter *loop.Waiter // of the coroutine, while it waits

	mu      sync.Mutex
	arrived *stream.Stream // what the winner has become
	left    bool           // the caller has gone without it
}

// deliver runs the race on its loop and returns the winner to the caller, or to nobody: the
// caller may be a coroutine of another loop, and be ended while it waits for this one.
func (r *race) deliver(ctx context.Context) (s *stream.Stream, err error) {
	defer func() {
		if s == nil { // also by runtime.Goexit
			r.leave()
		}
	}()
	err = r.loop.Do(ctx, func(ctx context.Context) error {
		s, err := r.run(ctx)
		if err != nil {
			return err
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.arrived = s; r.left {
			s.CloseNow()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.arrived, nil
}

// leave closes what has arrived, or will arrive, for a caller that does not take it.
func (r *race) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left = true
	if s := r.arrived; s != nil {
		r.loop.Post(s.CloseNow)
	}
}

// run returns when an attempt has won, all have failed or ctx has ended.
func (r *race) run(ctx context.Context) (*stream.Stream, error) {
	defer r.end()
	for r.winner == nil {
		now := time.Now()
		if err := r.stopped(ctx); err != nil {
			return nil, append(r.errs, err).err()
		}
		if addr, ok := r.plan.next(now); ok {
			r.begin(addr)
		} else if r.plan.exhausted() {
			return nil, r.errs.err()
		} else {
			r.wait(ctx, now)
		}
	}
	// Not before the coroutine is here to use it: a stream that nobody reads from is closed
	// when its peer is gone, with all that it has sent.
	r.winner.leave()
	return stream.New(r.loop, r.winner.fd)
}

// stopped returns why nothing more shall be begun.
func (r *race) stopped(ctx context.Context) error {
	if r.loop.Closed() {
		return loop.ErrClosed
	}
	return ctx.Err()
}

// wait returns when something may have changed. Why it was ended is seen by stopped.
func (r *race) wait(ctx context.Context, now time.Time) {
	var w loop.Waiter
	w.Init(ctx)
	r.waiter = &w
	if d, ok := r.plan.pause(now); ok {
		defer w.WakeAfter(d)()
	}
	w.Wait(ctx)
	r.waiter = nil
}

func (r *race) wake() {
	if r.waiter != nil {
		r.waiter.Wake()
	}
}

// end closes what has not won. It runs also when the coroutine is ended while it waits.
func (r *race) end() {
	for _, a := range r.open {
		r.loop.RemoveHandler(a.id)
		r.loop.Files().Close(a.fd)
		a.over(context.Canceled)
	}
	r.open = nil
}

// attempt is a descriptor that is being connected.
type attempt struct {
	race *race
	addr netip.AddrPort
	id   loop.ID
	fd   int
	tell func(error) // how it has ended; nil once it was told
}

func (r *race) begin(addr netip.AddrPort) {
	a := &attempt{race: r, addr: addr}
	switch {
	case r.attempt == nil:
	case r.path != "":
		a.tell = r.attempt("unix", r.path)
	default:
		a.tell = r.attempt("tcp", addr.String())
	}
	var err error
	if a.fd, err = r.loop.Files().Connect(r.target(addr)); err != nil {
		a.over(err)
		r.fail(addr, err)
		return
	}
	if a.id, err = r.loop.AddHandler(a.fd, a, loop.Write); err != nil {
		r.loop.Files().Close(a.fd)
		a.over(err)
		r.fail(addr, err)
		return
	}
	r.open = append(r.open, a)
}

// over tells who wants to know how the attempt has ended.
func (a *attempt) over(err error) {
	if tell := a.tell; tell != nil {
		a.tell = nil
		tell(err)
	}
}

func (r *race) target(addr netip.AddrPort) poll.Target {
	if r.path != "" {
		return poll.Target{Path: r.path, Control: r.control}
	}
	local := r.local
	if !local.IsValid() && local.Port() != 0 {
		ip := loopback6
		if addr.Addr().Is4() {
			ip = loopback4
		}
		local = netip.AddrPortFrom(ip, local.Port())
	}
	return poll.Target{Addr: addr, Local: local, Control: r.setUp}
}

// setUp is the Control function of TCP.
func (r *race) setUp(network, address string, c syscall.RawConn) error {
	if err := setDialOptions(network, address, c); err != nil || r.control == nil {
		return err
	}
	return r.control(network, address, c)
}

func (r *race) fail(addr netip.AddrPort, err error) {
	switch {
	case r.path == "":
		r.errs = append(r.errs, &attemptError{addr, err})
	case err == syscall.EAGAIN:
		r.plan.again(addr, time.Now(), busyPause)
		return
	default:
		r.errs = append(r.errs, err)
	}
	r.plan.failed(time.Now())
}

// HandleReady implements loop.Handler.
func (a *attempt) HandleReady(ready loop.Ready) {
	r := a.race
	if r.winner != nil {
		return // this one is late, or has won already; the coroutine is on its way
	}
	err := a.outcome(ready)
	if err == nil {
		r.winner = a
	} else {
		a.leave()
		r.loop.Files().Close(a.fd)
		r.fail(a.addr, err)
	}
	a.over(err)
	r.wake()
}

// leave takes the attempt out of the race.
func (a *attempt) leave() {
	r := a.race
	r.loop.RemoveHandler(a.id)
	r.open = slices.DeleteFunc(r.open, func(o *attempt) bool { return o == a })
}

// outcome returns why the attempt has failed, nil if it has not.
func (a *attempt) outcome(ready loop.Ready) error {
	r := a.race
	if err := r.loop.Files().Error(a.fd); err != nil || r.path != "" {
		return err
	}
	if ready&loop.Error != 0 {
		return syscall.ECONNREFUSED // whoever waited for the event was given the reason
	}
	if r.local.Port() == 0 && r.loop.Files().LocalAddr(a.fd) == a.addr {
		// The system chose the peer's port for this end, so that the socket is connected to
		// itself (RFC 9293 §3.5 allows it): nobody listens there.
		return syscall.ECONNREFUSED
	}
	return nil
}

// HandleDeadline implements loop.Handler; an attempt sets none.
func (a *attempt) HandleDeadline() {}

// HandleLoopClose implements loop.Handler.
func (a *attempt) HandleLoopClose() {
	r := a.race
	a.leave()
	r.loop.Files().Close(a.fd)
	if r.winner == a {
		r.winner = nil
	}
	if !r.loop.Closed() {
		r.fail(a.addr, stream.ErrPanicked)
	}
	a.over(stream.ErrPanicked)
	r.wake()
}
