package loop

import (
	"context"
	"iter"
	"runtime"
	"sync/atomic"
	"time"

	"eddy/internal/goid"
	"eddy/internal/habit"
)

// Job is what a coroutine runs.
type Job interface {
	// RunJob runs in the coroutine and may park by every call that takes ctx.
	RunJob(ctx context.Context)
	// JobDone is called once, outside of the coroutine, when RunJob has returned, panicked,
	// or ended by runtime.Goexit: on the loop, and for a job that blocks beyond the end of
	// Close in a goroutine that then has what was the loop's to itself. It must not block.
	JobDone(Outcome)
}

// Outcome says how a job ended.
type Outcome uint8

const (
	// Returned: RunJob has returned.
	Returned Outcome = iota
	// Panicked: it panicked, which has been logged.
	Panicked
	// Exited: it ended by runtime.Goexit, as t.FailNow does.
	Exited
)

// Coroutine runs jobs that may park, one after another. It belongs to its loop; code meets it
// only through the context of its job.
//
// A coroutine is running, parked, or woken while it runs. Only the loop's top level
// resumes it, and only the goroutine that resumed it marks it as parked, after it has given up
// control: so a wake-up that comes in between is never lost and never resumes it
// twice.
type Coroutine struct {
	loop  *Loop
	next  func() (struct{}, bool)
	stop  func()
	yield func(struct{}) bool
	id    int64 // of the goroutine that is the coroutine
	state atomic.Uint32
	place int // in loop.live

	job     Job
	ctx     *Context
	runner  *runner // that resumed it last
	holds   int     // calls of Hold without Release: the coroutine's own
	outcome Outcome
	ended   bool        // the job has ended
	gone    bool        // the coroutine itself has ended
	adrift  bool        // its runner has lost the loop
	apart   bool        // it is resumed in a goroutine of its own
	counted bool        // the job was held against its habit
	wakes   int         // resumed while the loop was closing
	follows atomic.Bool // the job follows habit, which else is that of a job before
	habit   atomic.Pointer[habit.Habit]
	began   time.Duration // apart: when it last began or ended a wait, by the loop's age
	longest time.Duration // apart: between two waits
}

const (
	running uint32 = iota
	parked
	woken // woken while running: the next park returns at once
)

// readyShare is how many coroutines that become ready while others are resumed are
// resumed, too, before the loop looks at its descriptors again.
const readyShare = 64

// idleCoroutines bounds the pool of a loop; each holds a stack of 2 KiB or more.
const idleCoroutines = 256

// Start runs job in a coroutine with ctx, soon and on this loop: when the handler or
// callback that calls it has returned. ctx must be fresh; it ends when the job does. On a
// loop that has been closed, where only a JobDone can call it, the job ends with Exited and
// does not run.
func (l *Loop) Start(ctx *Context, job Job) {
	if l.dead {
		go l.afterwards(func() {
			ctx.leave()
			job.JobDone(Exited)
		})
		return
	}
	l.busy++
	l.ready = append(l.ready, ready{ctx: ctx, job: job})
}

// ready is what a loop resumes now: a coroutine, or a job that has none yet.
type ready struct {
	co  *Coroutine
	ctx *Context
	job Job
}

// Spawn runs f in a coroutine of the loop. f's context carries ctx's values and ends with
// it and when f returns. It reports whether f was taken: false once the loop is being
// closed. Any goroutine.
func (l *Loop) Spawn(ctx context.Context, f func(context.Context)) bool {
	return l.spawn(ctx, &funcJob{f: f})
}

func (l *Loop) spawn(ctx context.Context, j *funcJob) bool {
	j.loop = l
	j.Init(ctx)
	if co := FromContext(ctx); co != nil && co.loop == l && co.Hold() {
		defer co.Release()
		if l.closing.Load() {
			return false
		}
		j.RunTask() // it need not wait for a turn
		return true
	}
	return l.PostTask(j)
}

// funcJob is a job made of functions.
type funcJob struct {
	Context
	loop   *Loop
	f      func(context.Context)
	done   func(Outcome) // may be nil
	detach func() bool   // nil, or ends what link began
	follow follower
}

// RunTask starts the job.
func (j *funcJob) RunTask() {
	j.link()
	j.loop.Start(&j.Context, j)
}

// link lets the job's context end with the parent's.
func (j *funcJob) link() {
	if parent := jobOf(j.parent); parent != nil {
		j.follow.child = &j.Context
		parent.add(&j.follow)
	} else if err := j.parent.Err(); err != nil {
		j.Cancel(err)
	} else if j.parent.Done() != nil {
		j.detach = context.AfterFunc(j.parent, func() { j.Cancel(j.parent.Err()) })
	}
}

func (j *funcJob) RunJob(ctx context.Context) { j.f(ctx) }

func (j *funcJob) JobDone(o Outcome) {
	if j.detach != nil {
		j.detach()
	} else if parent := jobOf(j.parent); parent != nil {
		parent.remove(&j.follow)
	}
	if j.done != nil {
		j.done(o)
	}
}

func (l *Loop) coroutine() *Coroutine {
	if n := len(l.idle); n > 0 {
		co := l.idle[n-1]
		l.idle = l.idle[:n-1]
		return co
	}
	co := &Coroutine{loop: l, place: len(l.live)}
	co.next, co.stop = iter.Pull(co.body)
	co.next() // so that its goroutine is known
	l.live = append(l.live, co)
	return co
}

func (co *Coroutine) body(yield func(struct{}) bool) {
	co.id, co.yield = goid.Get(), yield
	defer func() { co.gone = true }() // also by runtime.Goexit
	for yield(struct{}{}) {
		for more := true; more; more = co.proceed() {
			co.run()
			co.ended = true
		}
	}
}

// begin gives the coroutine a job that is ready.
func (co *Coroutine) begin(next ready) {
	co.job, co.ctx = next.job, next.ctx
	next.ctx.co.Store(co)
}

// proceed ends the job that has just run and begins with the next one that is ready, both in the
// coroutine itself: that spares two switches between it and the runner. It reports false where the
// runner must go on: if the loop was lost, if something else comes next, and if the loop has
// to look at its descriptors first.
func (co *Coroutine) proceed() bool {
	if !co.runner.hold() {
		return false // settle ends the job
	}
	l := co.loop
	l.endJob(co)
	if l.share <= 0 || l.readyAt == len(l.ready) || l.ready[l.readyAt].co != nil {
		return false
	}
	l.share--
	co.begin(l.takeReady())
	co.runner.enter(co)
	return true
}

// endJob ends a job in its coroutine. That its end panics costs the coroutine nothing.
func (l *Loop) endJob(co *Coroutine) {
	defer l.recover()
	l.release(co).JobDone(co.outcome)
}

func (co *Coroutine) run() {
	co.outcome = Panicked
	defer co.recover()
	co.job.RunJob(co.ctx)
	co.outcome = Returned
}

func (co *Coroutine) recover() {
	if p := recover(); p != nil {
		co.loop.logPanic("panic in a coroutine", p)
	}
}

// runReady resumes what is ready, in order. It runs at the loop's top level only.
func (l *Loop) runReady() {
	// What is made ready meanwhile, as by a client that pipelines, has a share, but not
	// all of the turn.
	l.share = len(l.ready) - l.readyAt + readyShare
	for l.readyAt < len(l.ready) && l.share > 0 {
		l.share--
		next := l.takeReady()
		if next.co == nil {
			next.co = l.coroutine()
			next.co.begin(next)
		}
		l.resume(next.co)
	}
}

func (l *Loop) takeReady() ready {
	next := l.ready[l.readyAt]
	l.ready[l.readyAt] = ready{}
	l.readyAt++
	if l.readyAt == len(l.ready) {
		l.ready, l.readyAt = l.ready[:0], 0
	}
	return next
}

// resume runs the coroutine until it parks or its job ends. What follows the switch back
// is the loop's again, unless the coroutine has lost it.
func (l *Loop) resume(co *Coroutine) {
	if co.belongsApart() {
		l.resumeApart(co)
		return
	}
	r := l.runner.Load()
	r.enter(co)
	co.next()
	if !r.leave() {
		surrender() // drive posts that co is back
	}
	l.settle(co)
}

// settle deals with a coroutine that has returned or parked.
func (l *Loop) settle(co *Coroutine) {
	switch {
	case co.ended:
		job := l.release(co)
		l.keep(co)
		job.JobDone(co.outcome)
	case co.job == nil: // ended by proceed
		l.keep(co)
	case !co.state.CompareAndSwap(running, parked):
		co.state.Store(running) // woken before it had parked
		l.ready = append(l.ready, ready{co: co})
	}
}

// keep puts a coroutine without a job into the pool, if there is room.
func (l *Loop) keep(co *Coroutine) {
	if len(l.idle) < idleCoroutines && !l.closing.Load() {
		l.idle = append(l.idle, co)
	} else {
		l.forget(co)
		co.stop()
	}
}

// bury ends the job of a coroutine that is gone: by runtime.Goexit, unless it was done before.
func (l *Loop) bury(co *Coroutine) {
	l.forget(co)
	if co.job == nil {
		return // it was its JobDone that has called runtime.Goexit
	}
	outcome := Exited
	if co.ended {
		outcome = co.outcome
	}
	l.release(co).JobDone(outcome)
}

func (l *Loop) release(co *Coroutine) Job {
	job := co.job
	co.ctx.leave()
	co.job, co.ctx, co.ended, co.wakes, co.holds = nil, nil, false, 0, 0
	if co.follows.Load() {
		co.follows.Store(false)
		co.apart, co.counted = false, false
	}
	l.busy--
	return job
}

func (l *Loop) forget(co *Coroutine) {
	last := len(l.live) - 1
	l.live[co.place] = l.live[last]
	l.live[co.place].place = co.place
	l.live[last] = nil
	l.live = l.live[:last]
}

// FromContext returns the coroutine whose job ctx belongs to, or nil if it belongs to none
// or the job has ended. The caller may be another goroutine: see [Coroutine.Hold].
func FromContext(ctx context.Context) *Coroutine {
	if c, ok := ctx.Value(contextKey{}).(*Context); ok {
		return c.Coroutine()
	}
	return nil
}

// Current reports whether the calling goroutine is the coroutine. Any goroutine.
func (co *Coroutine) Current() bool { return goid.Get() == co.id }

// Loop returns the coroutine's loop.
func (co *Coroutine) Loop() *Loop { return co.loop }

// Hold reports whether the calling goroutine is this coroutine and has its loop, and if so
// keeps the loop until [Coroutine.Release]: in between, the caller may use everything that
// belongs to the loop, and must not block; it may park. Calls nest. Any goroutine.
func (co *Coroutine) Hold() bool {
	if !co.Current() || co.holds == 0 && !co.runner.hold() {
		return false
	}
	co.holds++
	return true
}

// Release ends what a successful Hold began.
func (co *Coroutine) Release() {
	if co.holds--; co.holds == 0 {
		co.runner.release()
	}
}

// Park gives up control until Wake is called; if it was called since the last Park, it
// returns at once. It may return without any Wake: check what you wait for, and wait again.
// Only the coroutine itself may call it.
func (co *Coroutine) Park() {
	if co.state.CompareAndSwap(woken, running) {
		return
	}
	co.switchBack()
}

// comeBack gives others a turn, and returns on the loop, also if it was lost.
func (co *Coroutine) comeBack() {
	co.Wake()
	co.switchBack()
}

// switchBack switches to the runner.
func (co *Coroutine) switchBack() {
	if !co.yield(struct{}{}) {
		// The loop was closed and does not resume this coroutine any more. Its deferred
		// functions still run.
		runtime.Goexit()
	}
}

// Wake makes the coroutine's current or next Park return. Any goroutine.
func (co *Coroutine) Wake() {
	for {
		switch co.state.Load() {
		case running:
			if co.state.CompareAndSwap(running, woken) {
				return
			}
		case parked:
			if co.state.CompareAndSwap(parked, running) {
				l := co.loop
				l.mu.Lock()
				l.woken = append(l.woken, co) // also while the loop is closing
				l.rouse()
				l.mu.Unlock()
				return
			}
		default:
			return
		}
	}
}
