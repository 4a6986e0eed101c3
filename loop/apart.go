package loop

import (
	"log/slog"
	"time"

	"eddy/internal/habit"
)

// Follow lets the rest of the job run where its kind runs best: it returns in a goroutine of
// its own, without the loop, if h says so. That is what a hand-off leads to, but the loop
// loses no time, and the job's waits block that goroutine instead of parking. What the job does is added
// to what h knows. A later call refines an earlier one, unless that one's place is forced: what
// the job does from then on is the later habit's. Only the coroutine itself may call it, and not
// while it holds the loop.
func (co *Coroutine) Follow(h *habit.Habit) {
	if first := co.following(); first != nil {
		if first == h || first.Forced() {
			return // what is around decides for what is inside
		}
		if co.apart {
			co.ran()
		}
	}
	if co.habit.Load() != h { // mostly it is that of the job before, and this store is dear
		co.habit.Store(h)
	}
	co.follows.Store(true)
	if !h.Begin() || co.apart || co.holds > 0 || co.loop.closing.Load() {
		return
	}
	co.apart = true
	if co.runner.has() {
		co.comeBack()
	} else {
		co.measure()
	}
}

// following returns the habit that the job follows, or nil. Any goroutine.
func (co *Coroutine) following() *habit.Habit {
	if co.follows.Load() {
		return co.habit.Load()
	}
	return nil
}

// apart is the runner that coroutines see that have a goroutine of their own.
var apart = func() *runner {
	r := new(runner)
	r.word.Store(lost)
	return r
}()

// Apart reports whether the caller is this coroutine and has a goroutine of its own. Any
// goroutine.
func (co *Coroutine) Apart() bool { return co.Current() && co.apart }

// belongsApart reports whether the coroutine is to be resumed in a goroutine of its own: also
// one that has parked before its kind was known to block, but none while the loop is being
// closed, which would not be waited for.
func (co *Coroutine) belongsApart() bool {
	h := co.following()
	co.apart = h != nil && (co.apart || h.Begin() && co.holds == 0) && !co.loop.closing.Load()
	return co.apart
}

// resumeApart is resume in a goroutine of its own.
func (l *Loop) resumeApart(co *Coroutine) {
	co.runner, co.adrift = apart, true
	l.away.Add(1)
	l.counts.apart++
	go func() {
		defer l.returned(co) // also after runtime.Goexit in the coroutine
		defer co.ran()
		co.measure()
		co.next()
	}()
}

// ran tells the habit how the job has behaved since it follows it, in a goroutine of its own.
func (co *Coroutine) ran() {
	co.pause()
	h, m := co.following(), co.loop.monitor
	if h.Ran(co.longest >= m.long) {
		m.reporter.say(func(log *slog.Logger) {
			log.Info("handlers of this route run on their loop again: they have been quick", slog.String("route", h.Name()))
		})
	}
	co.measure()
}

// measure begins to look for the longest time between two waits.
func (co *Coroutine) measure() {
	co.longest = 0
	co.goOn()
}

// goOn and pause measure for how long a coroutine that runs apart does not wait.
func (co *Coroutine) goOn()  { co.began = time.Since(co.loop.start) }
func (co *Coroutine) pause() { co.longest = max(co.longest, time.Since(co.loop.start)-co.began) }
