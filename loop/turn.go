package loop

import (
	"log/slog"
	"runtime/debug"
	"time"

	"eddy/internal/poll"
)

// A Flusher has something to do before its loop sleeps.
type Flusher interface{ FlushBeforeSleep() }

// BeforeSleep calls f once, at the end of the current turn, so that everything written
// during the turn can leave in one system call.
func (l *Loop) BeforeSleep(f Flusher) { l.dirty = append(l.dirty, f) }

// Post runs f in the loop's next turn, or, when more than 64 wait, in one soon after. Callbacks run in
// the order of their posting; many of them, or those that post themselves again, do not keep
// the loop from its descriptors. It reports whether f was taken: false once the loop is being
// closed. Any goroutine.
func (l *Loop) Post(f func()) bool { return l.PostTask(callback(f)) }

// PostTask is Post for a [Task], which spares making a closure.
func (l *Loop) PostTask(t Task) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closing.Load() {
		return false
	}
	l.enqueue(t)
	return true
}

// enqueue is called with mu held. A burst of posts costs one wake-up.
func (l *Loop) enqueue(t Task) {
	l.posted = append(l.posted, t)
	l.rouse()
}

// rouse wakes a loop that sleeps. It is called with mu held.
func (l *Loop) rouse() {
	if l.sleeping {
		l.sleeping = false
		l.wake()
	}
}

// turn is one round of the loop. A panic of a handler or callback ends this call of turn;
// the next one goes on with what is left of the batch.
func (l *Loop) turn() {
	defer l.recover()
	l.work()
	l.wait(l.nextDeadline())
}

// workOn is what a turn does, without the wait.
func (l *Loop) workOn() {
	defer l.recover()
	l.work()
}

func (l *Loop) work() {
	if co := l.exited; co != nil {
		l.exited = nil
		l.bury(co)
	}
	if l.serving != 0 {
		l.dismiss()
	}
	l.runReady()
	l.dispatch()
	l.runReady()
	l.expire()
	l.runTimers()
	l.runPosted()
	l.flush()
}

func (l *Loop) recover() {
	if p := recover(); p != nil {
		l.logPanic("panic in a callback", p)
	}
}

// logPanic is for a deferred function that has recovered. A logger that panics, too, must
// not take the loop with it.
func (l *Loop) logPanic(text string, p any) {
	defer func() { _ = recover() }()
	l.log.Error(text, slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
}

// readyBatch is how many jobs events make ready before these are run: one after another they cost
// fewer switches (see [Coroutine.proceed]), but too many of them leave the processor's cache.
const readyBatch = 8

func (l *Loop) dispatch() {
	for l.eventAt < l.eventN {
		ev := l.events[l.eventAt]
		l.eventAt++
		// A handler that was removed earlier in this batch is told nothing, and neither
		// is the next owner of its slot: the generation differs.
		if s := l.slots.get(ID(ev.Token)); s != nil {
			l.serving = ID(ev.Token)
			s.handler.HandleReady(ev.Ready)
			l.serving = 0
			if len(l.ready)-l.readyAt >= readyBatch {
				l.runReady()
			}
		}
	}
}

// postedShare is how many posts a turn runs: as many as it takes events. A burst of them would keep
// the loop from its descriptors, and if each begins something there, as a dial, then all are begun
// before the first is finished, with a stack each.
const postedShare = maxEvents

// takePosted takes over what others have left for the runner. Coroutines that were woken come first, so
// that what has begun goes on before more begins.
func (l *Loop) takePosted() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts.callbacks += uint64(len(l.woken))
	for i, co := range l.woken {
		l.ready = append(l.ready, ready{co: co})
		l.woken[i] = nil
	}
	l.woken = l.woken[:0]
	if l.batchAt == len(l.batch) {
		l.batch, l.posted, l.batchAt = l.posted, l.batch[:0], 0
		l.counts.callbacks += uint64(len(l.batch))
	}
}

func (l *Loop) runPosted() {
	l.takePosted()
	l.runReady()
	// A loop that is being closed counts its turns, and leaves nothing behind in any.
	for n := 0; l.batchAt < len(l.batch) && (n < postedShare || l.closing.Load()); n++ {
		t := l.batch[l.batchAt]
		l.batch[l.batchAt] = nil // a loop that sleeps holds nothing that is done
		l.batchAt++
		t.RunTask()
	}
	l.runReady()
}

func (l *Loop) flush() {
	// A flush may make another stream dirty; it is served in the same turn.
	for i := 0; i < len(l.dirty); i++ {
		f := l.dirty[i]
		l.dirty[i] = nil
		if f != nil {
			f.FlushBeforeSleep()
		}
	}
	l.dirty = l.dirty[:0]
}

// wait sleeps until a descriptor is ready, until has come, or something was posted.
func (l *Loop) wait(until time.Time) {
	l.mu.Lock()
	if l.left() > 0 || l.stop || l.readyAt < len(l.ready) {
		until = poll.DontWait
	} else {
		l.sleeping = true
		l.meter.begin(waiting, l.clock())
	}
	l.publish()
	l.mu.Unlock()

	n, err := l.poller.Wait(l.events[:], until)
	l.eventAt, l.eventN = 0, n
	l.counts.events += uint64(n)
	if err != nil {
		// Nothing is known to cause this. Going on slowly beats a silent standstill.
		l.log.Error("the poller failed", slog.Any("error", err))
		time.Sleep(10 * time.Millisecond)
	}
	l.setNow(time.Now())
	l.mu.Lock()
	l.sleeping = false
	l.turns++
	l.meter.begin(working, l.age)
	l.mu.Unlock()
	l.monitor.stir()
}

// left returns how many posts and wake-ups wait. The runner calls it, with mu held.
func (l *Loop) left() int { return len(l.woken) + len(l.posted) + len(l.batch) - l.batchAt }

func (l *Loop) setNow(t time.Time) {
	l.now, l.age = t, t.Sub(l.start)
	l.tick = uint32(l.age / tickLength)
}

// nextDeadline returns when the loop must wake up by itself, zero for never.
func (l *Loop) nextDeadline() time.Time {
	var until time.Time
	if len(l.timers) > 0 {
		until = l.start.Add(l.timers[0].due)
	}
	if tick, ok := l.wheel.next(); ok {
		at := l.start.Add(time.Duration(tick) * tickLength)
		if until.IsZero() || at.Before(until) {
			until = at
		}
	}
	return until
}
