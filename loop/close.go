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
// runtime.Goexit. Every handler is told by HandleLoopClose, whatever the others do, and
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

	turns := 0
	l.drive(func(l *Loop) {
		turns++
		l.closeTurn()
	}, func() bool {
		settled := l.busy == 0 && l.exited == nil && l.slots.used == 0
		return turns > 0 && (settled || turns > closingTurns) && l.quiet()
	})
	l.mu.Lock()
	l.dead = true
	posted := l.posted
	err := l.poller.Close()
	l.mu.Unlock()
	for _, t := range posted {
		if s, ok := t.(*straggler); ok {
			s.adrift = false // it came back too late for a turn
		}
	}
	l.abandon()
	l.mu.Lock()
	l.publish()
	l.mu.Unlock()
	return err
}

// quiet reports whether nothing posted is left, so that no coroutine that was woken is
// forgotten.
func (l *Loop) quiet() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.posted) == 0 && l.batchAt == len(l.batch)
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

// abandon ends the coroutines: the idle ones, and those that would not end.
func (l *Loop) abandon() {
	for _, co := range l.live {
		if co.adrift {
			// It blocks somewhere. When it returns, it is ended by whom it returns to.
			continue
		}
		var job Job
		if co.job != nil {
			l.log.Warn("a coroutine went on waiting after its loop was closed")
			job = l.release(co)
		}
		// An own goroutine, because runtime.Goexit in a coroutine ends who stops it.
		done := make(chan struct{})
		go func() {
			defer close(done)
			co.stop()
		}()
		<-done
		if job != nil {
			job.JobDone(Exited)
		}
	}
	l.live, l.idle = nil, nil
}
