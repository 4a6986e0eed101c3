package loop

import (
	"math"
	"time"
)

// Timer is a task that runs at a set time. It belongs to its loop, as its methods do.
type Timer struct {
	loop  *Loop
	task  Task
	index int32 // in the heap, or one of those below
	past  bool  // it was due when it was set: that it runs late says nothing
}

const (
	unset = -1 // not set: stopped, or run
	taken = -2 // due in this turn, and not run yet
)

// CallLater runs f on the loop after d, counted from the call and not from the beginning of
// the turn; of zero or less, in the next turn. It never runs early. How late it runs depends
// on what the loop does then ([Stats.Lag]); a loop that sleeps wakes up within the
// precision of Go's own timers.
func (l *Loop) CallLater(d time.Duration, f func()) *Timer {
	return l.timerAt(later(l.clock(), d), callback(f))
}

// CallAt runs f on the loop at the given time, or in the next turn if it has passed.
// Timers of the same time run in the order of their creation.
//
// Timers follow the monotonic clock, which no step of the wall clock moves, and which stands
// still while a Linux machine is suspended. A time without a monotonic reading (from
// time.Date, time.Parse, Round or a file) is translated once, by the wall clock at the beginning of the
// turn: when the wall clock is set later on, the timer keeps to the time that was left.
func (l *Loop) CallAt(when time.Time, f func()) *Timer { return l.taskAt(when, callback(f)) }

func (l *Loop) taskAt(when time.Time, task Task) *Timer {
	return l.timerAt(later(l.age, when.Sub(l.now)), task)
}

func (l *Loop) timerAt(due time.Duration, task Task) *Timer {
	t := &Timer{loop: l, task: task, index: unset}
	t.set(due)
	return t
}

// clock returns how long ago the loop was made: the time that timers are measured in.
func (l *Loop) clock() time.Duration { return time.Since(l.start) }

// later returns at+d, or the furthest time there is if that is further still. at is
// not negative.
func later(at, d time.Duration) time.Duration {
	if sum := at + d; d < 0 || sum >= at {
		return sum
	}
	return math.MaxInt64
}

func (t *Timer) set(due time.Duration) {
	l := t.loop
	l.timerSeq++
	t.past = due <= l.age
	l.timers.push(timerEntry{due: due, seq: l.timerSeq, timer: t})
}

// Stop keeps the timer from running and reports whether it did: false if it has run or
// was stopped before. A timer can stop another one that is due in the same turn. What is
// stopped leaves the queue at once.
func (t *Timer) Stop() bool {
	was := t.index
	if was >= 0 {
		t.loop.timers.remove(int(was))
	}
	t.index = unset
	return was != unset
}

// Reset makes the timer run after d, as [Loop.CallLater] counts it, whether it waits, has
// run or was stopped. It reports whether it waited. Among timers of the same time it
// counts as new.
func (t *Timer) Reset(d time.Duration) bool {
	waited := t.Stop()
	t.set(later(t.loop.clock(), d))
	return waited
}

// runTimers first collects what is due, so that a timer of no delay that sets itself again
// waits for the next turn.
func (l *Loop) runTimers() {
	if l.dueAt == len(l.due) {
		l.collectDue()
	}
	for l.dueAt < len(l.due) {
		t := l.due[l.dueAt]
		l.due[l.dueAt] = nil
		l.dueAt++
		if t.index == taken { // neither stopped nor set anew by one before it
			t.index = unset
			l.counts.timers++
			t.task.RunTask()
			l.runReady()
		}
	}
}

func (l *Loop) collectDue() {
	l.due, l.dueAt = l.due[:0], 0
	if cap(l.due) > heapKeep {
		l.due = nil
	}
	measured := false
	for len(l.timers) > 0 && l.timers[0].due <= l.age {
		due, t := l.timers[0].due, l.timers[0].timer
		l.timers.remove(0)
		t.index = taken
		l.due = append(l.due, t)
		if !measured && !t.past {
			measured = true
			l.counts.lag = l.clock() - due
			l.counts.maxLag = max(l.counts.maxLag, l.counts.lag)
		}
	}
}
