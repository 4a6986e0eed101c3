package loop

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// PeriodicOptions configures a [PeriodicCallback]. The zero value is good.
type PeriodicOptions struct {
	// Jitter spreads the calls, so that those of many processes do not coincide: each period
	// is multiplied by 1 + Jitter*(random-0.5). From 0 (none, the default) to 1, with which a
	// period lasts from half of the given one to one and a half.
	Jitter float64
	// Random returns a number from 0 up to but not 1. It is called on the loop, and by Start.
	// Default: rand.Float64.
	Random func() float64
}

// PeriodicCallback calls a function on a loop once in every period.
//
// The times of the calls follow from the time of Start and not from when the calls
// before them were made: there is no drift. If a call lasts longer than a period, or the loop is late,
// the periods that went by are skipped, and calls never overlap. Time is the
// monotonic clock's ([Loop.CallAt]): steps of the wall clock change nothing, and the time in which a
// Linux machine is suspended does not count.
//
// Its methods may be called from any goroutine.
type PeriodicCallback struct {
	loop   *Loop
	period time.Duration
	f      func(context.Context) error
	o      PeriodicOptions

	mu  sync.Mutex
	run *periodicRun // nil: stopped

	calling bool // the loop's: f has begun and not ended
}

// NewPeriodicCallback returns a callback that is not started yet. f runs in a coroutine of
// the loop and may wait; its context ends when it returns and by Stop. An error
// that it returns is logged unless the end of its context is the cause, a panic is logged with its
// stack, and the schedule goes on. A period of zero or less, and a jitter out of its
// range, are errors.
func NewPeriodicCallback(l *Loop, period time.Duration, f func(context.Context) error, o PeriodicOptions) (*PeriodicCallback, error) {
	if period <= 0 {
		return nil, fmt.Errorf("loop: period %v is not positive", period)
	}
	if !(o.Jitter >= 0 && o.Jitter <= 1) { // also not a number
		return nil, fmt.Errorf("loop: jitter %v is not from 0 to 1", o.Jitter)
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	return &PeriodicCallback{loop: l, period: period, f: f, o: o}, nil
}

// Start begins the schedule: the first call comes a period later. It does nothing if the
// schedule is under way. It reports whether it is now: false if the loop is closed.
func (p *PeriodicCallback) Start() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.run != nil {
		return !p.loop.Closed()
	}
	now := p.loop.clock()
	r := &periodicRun{p: p, next: p.after(now, now)}
	if !p.loop.Post(func() { r.timer = p.loop.timerAt(r.next, r) }) {
		return false
	}
	p.run = r
	return true
}

// Stop ends the schedule, and the context of a call that is under way, for which it does
// not wait. The callback may be started again; no call begins while a former one is
// under way.
func (p *PeriodicCallback) Stop() {
	p.mu.Lock()
	r := p.run
	if r == nil {
		p.mu.Unlock()
		return
	}
	p.run = nil
	call := r.call
	p.mu.Unlock()
	if call != nil {
		call.Cancel(context.Canceled)
	}
	p.loop.Post(func() { r.timer.Stop() }) // posted after what sets it
}

// IsRunning reports whether the schedule is under way: Start was called, and since then
// neither Stop nor the loop's Close.
func (p *PeriodicCallback) IsRunning() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.run != nil && !p.loop.Closed()
}

// after returns the first time after now that is whole periods from last, which is not
// after now.
func (p *PeriodicCallback) after(last, now time.Duration) time.Duration {
	period := p.period
	if p.o.Jitter > 0 {
		period = max(1, later(period, time.Duration(float64(period)*p.o.Jitter*(p.o.Random()-0.5))))
	}
	return later(now-(now-last)%period, period)
}

// periodicRun is the schedule between one Start and its Stop.
type periodicRun struct {
	p     *PeriodicCallback
	call  *periodicCall // under p.mu: under way
	next  time.Duration // the loop's, as the rest
	timer *Timer
}

// RunTask begins a call.
func (r *periodicRun) RunTask() {
	p := r.p
	if p.calling {
		r.schedule() // the call of a former schedule takes its time
		return
	}
	c := &periodicCall{run: r}
	c.Init(context.Background())
	p.mu.Lock()
	current := p.run == r
	r.call = c
	p.mu.Unlock()
	if current {
		p.calling = true
		p.loop.Start(&c.Context, c)
	}
}

func (r *periodicRun) schedule() {
	r.next = r.p.after(r.next, r.p.loop.clock())
	r.timer.set(r.next)
}

// periodicCall is one call.
type periodicCall struct {
	Context
	run *periodicRun
}

// RunJob implements Job.
func (c *periodicCall) RunJob(ctx context.Context) {
	p := c.run.p
	err := p.f(ctx)
	end := ctx.Err()
	if end == nil && p.loop.Closed() {
		end = ErrClosed
	}
	if err != nil && !(end != nil && errors.Is(err, end)) {
		p.loop.log.Error("a periodic callback failed", slog.Any("error", err))
	}
}

// JobDone implements Job: the schedule goes on however the call has ended.
func (c *periodicCall) JobDone(Outcome) {
	r := c.run
	p := r.p
	p.calling = false
	p.mu.Lock()
	r.call = nil
	current := p.run == r
	p.mu.Unlock()
	if current && !p.loop.Closed() {
		r.schedule()
	}
}
