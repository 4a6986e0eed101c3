package loop

import "log/slog"

// A loop that has been closed runs no turns any more. What is left of its coroutines ends
// here: those that are there by turns of abandon, in runners that the monitor watches; those
// that block elsewhere when they come back, each in its own time. All of them end on the
// loop's state, so they take turns at it: Loop.last.

// abandon is a turn that ends the coroutines that are not adrift.
func (l *Loop) abandon() {
	defer l.recover()
	if co := l.exited; co != nil {
		l.exited = nil
		l.bury(co)
	}
	for l.readyAt < len(l.ready) {
		if next := l.takeReady(); next.co == nil {
			l.withdraw(next)
		}
	}
	for i := 0; i < len(l.live); {
		if co := l.live[i]; co.adrift {
			i++
		} else {
			l.unwind(co)
		}
	}
	l.abandoned = true
}

// withdraw ends a job that has not begun.
func (l *Loop) withdraw(next ready) {
	l.busy--
	next.ctx.leave()
	next.job.JobDone(Exited)
}

// unwind ends a coroutine, with its job if it has one. Deferred functions are code like any
// other, and lose the loop as that does.
func (l *Loop) unwind(co *Coroutine) {
	if co.job == nil {
		l.forget(co)
		co.stop()
		return
	}
	if !co.ended && !co.gone {
		l.monitor.reporter.say(func(log *slog.Logger) {
			log.Warn("a coroutine went on waiting after its loop was closed")
		})
	}
	r := l.runner.Load()
	r.enter(co)
	co.stop() // by runtime.Goexit, in most cases: see drive
	if !r.leave() {
		surrender()
	}
	l.bury(co)
}

// endLate ends a coroutine that is back from a runner that has lost the loop, which is gone.
// It has a goroutine of its own: runtime.Goexit in a coroutine ends who stops it.
func (l *Loop) endLate(co *Coroutine) {
	defer l.afterwards(func() {
		co.adrift = false
		l.away.Add(-1)
		l.bury(co)
	})
	co.stop()
}

// afterwards runs f with the state of a loop that is gone.
func (l *Loop) afterwards(f func()) {
	l.last.Lock()
	defer l.last.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.publish()
	}()
	defer l.recover()
	f()
}
