package loop

import (
	"bytes"
	"log/slog"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"eddy/internal/habit"
)

// stuck says what blocks a loop.
type stuck struct {
	goroutine int64
	handedOff bool         // the loop has gone on without it,
	habit     *habit.Habit // whose route this is, if it has one,
	leaves    bool         // and which leaves the loop with that
	lasts     time.Duration
}

// reporter writes to the log what blocks loops: enough to find it, and not so much that the
// log is the next thing to block.
type reporter struct {
	log *slog.Logger

	// The monitor's own.
	last map[*habit.Habit]time.Time // of a line about it; nil is for jobs of no route
	next time.Time                  // no line before

	unreported atomic.Int64 // since the last line
	pending    sync.WaitGroup
	mu         sync.Mutex // held while a line is made
	nextStack  time.Time  // no stack before
}

const (
	// reportEvery is the least time between two lines, reportSame between two about one route.
	reportEvery = time.Second
	reportSame  = 10 * time.Second
	// To take one goroutine's stack stops all of them, for some 3 microseconds each.
	// stackMost bounds how many there may be, and stackShare the part of the time that
	// goes into it.
	stackMost  = 4096
	stackShare = 1000
)

// report is called by the monitor, which must not wait for a log.
func (r *reporter) report(s stuck) {
	free := r.mu.TryLock() // else a line is being made
	if !s.leaves && !(free && r.due(s)) {
		r.unreported.Add(1)
		if free {
			r.mu.Unlock()
		}
		return
	}
	r.spend(s)
	r.pending.Go(func() {
		if !free {
			r.mu.Lock() // one line in every case: it is not repeated
		}
		defer r.mu.Unlock()
		r.write(s)
	})
}

// due reports whether there may be a line about s; spend notes that there is one.
func (r *reporter) due(s stuck) bool {
	now := time.Now()
	last, ok := r.last[s.habit]
	return !now.Before(r.next) && !(s.handedOff && ok && now.Sub(last) < reportSame)
}

func (r *reporter) spend(s stuck) {
	now := time.Now()
	if r.last == nil {
		r.last = make(map[*habit.Habit]time.Time)
	}
	r.last[s.habit], r.next = now, now.Add(reportEvery)
}

func (r *reporter) write(s stuck) {
	var attrs []any
	if s.habit != nil {
		attrs = append(attrs, slog.String("route", s.habit.Name()))
	}
	text := "a loop is blocked"
	switch {
	case s.leaves:
		text = "handlers of this route run in goroutines from now on: they block their loops"
	case s.handedOff:
		text = "a handler blocks: its loop goes on without it"
	default:
		attrs = append(attrs, slog.Duration("for", s.lasts))
	}
	if n := r.unreported.Swap(0); n > 0 {
		attrs = append(attrs, slog.Int64("unreported", n))
	}
	if stack := r.stack(s.goroutine); stack != "" {
		attrs = append(attrs, slog.String("stack", stack))
	}
	r.say(func(log *slog.Logger) { log.Warn(text, attrs...) })
}

// say logs. A logger that panics must not end the program.
func (r *reporter) say(f func(log *slog.Logger)) {
	defer func() { _ = recover() }()
	f(r.log)
}

// stack returns where a goroutine is, or "" if finding out would cost too much now.
func (r *reporter) stack(goroutine int64) string {
	n := runtime.NumGoroutine()
	began := time.Now()
	if n > stackMost || began.Before(r.nextStack) {
		return ""
	}
	buf := make([]byte, (n+64)<<10)
	buf = buf[:runtime.Stack(buf, true)]
	now := time.Now()
	r.nextStack = now.Add(stackShare * now.Sub(began))
	return stackOf(buf, goroutine)
}

// stackOf finds one goroutine in the text that runtime.Stack makes of all. There is
// nothing to see in a coroutine that has parked or ended meanwhile.
func stackOf(all []byte, goroutine int64) string {
	head := "goroutine " + strconv.FormatInt(goroutine, 10) + " "
	for len(all) > 0 {
		one, rest, _ := bytes.Cut(all, []byte("\n\n"))
		if state, found := bytes.CutPrefix(one, []byte(head)); found {
			if bytes.HasPrefix(state, []byte("[coroutine")) {
				return ""
			}
			return string(one)
		}
		all = rest
	}
	return ""
}
