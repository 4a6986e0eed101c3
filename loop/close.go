package loop

import (
	"errors"

	"eddy/internal/poll"
)

// ErrAborted is returned by Do when the function panicked or called runtime.Goexit.
var ErrAborted = errors.New("loop: function ended without returning")

// closingTurns bounds how often a coroutine that goes on waiting is resumed by Close.
const closingTurns = 100

// Close stops the loop and frees it. Waits of its coroutines fail with ErrClosed; those
// that go on waiting all the same are resumed a hundred times and then ended by
// runtime.Goexit. Their deferred functions are watched like the rest of them: Close goes on
// without one that blocks, after [Options.HandOffAfter], unless it holds the loop or that is
// negative. Nor does it wait for coroutines that block already; the jobs of both end when they
// come back. Every handler is told by HandleLoopClose, whatever the others do, and
// signals are no longer relayed. Later posts do nothing, and timers that were not due yet
// never run. Any goroutine but the loop's own; a second call does nothing.
func (l *Loop) Close() error {
	l.mu.Lock()
	if l.closing.Swap(true) {
		l.mu.Unlock()
		return nil
	}
	ended := l.running
	signals := l.signals
	l.signals = nil
	if ended != nil {
		l.stop = true
		l.wake()
	}
	l.mu.Unlock()
	for w := range signals {
		w.end()
	}
	if ended != nil {
		<-ended
	}

	l.last.Lock()
	defer l.last.Unlock()
	turns := 0
	l.drive(func(l *Loop) {
		turns++
		l.closeTurn()
	}, func() bool {
		settled := l.busy == 0 && l.exited == nil && l.slots.used == 0
		return turns > 0 && (settled || turns > closingTurns) && l.die()
	})
	err := l.poller.Close()
	l.drive((*Loop).abandon, func() bool { return l.abandoned })
	l.idle, l.ready = nil, nil
	l.mu.Lock()
	l.publish()
	l.mu.Unlock()
	return err
}

// die ends the loop's turns, unless something posted is left: no coroutine that was woken, or
// comes back, is forgotten.
func (l *Loop) die() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dead = l.left() == 0
	return l.dead
}

// closeTurn is a turn that does not wait.
func (l *Loop) closeTurn() {
	l.mu.Lock()
	l.turns++ // for the monitor
	l.mu.Unlock()
	l.workOn()
	l.Handlers(l.drop)
	for _, co := range l.live {
		switch {
		case co.job == nil:
		case co.adrift:
			co.ctx.Cancel(ErrClosed) // it may wait in its goroutine
		case co.wakes < closingTurns:
			co.wakes++
			co.Wake()
		}
	}
	l.eventAt, l.eventN = 0, 0
	if n, err := l.poller.Wait(l.events[:], poll.DontWait); err == nil {
		l.eventN = n
	}
}
