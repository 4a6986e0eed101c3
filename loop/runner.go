package loop

import (
	"runtime"
	"sync/atomic"

	"eddy/internal/goid"
)

// runner is a goroutine that runs a loop: at any time one of them holds the loop's state.
//
// A coroutine that blocks, which the code in it may do as in any goroutine, would stop
// the loop. So the [monitor] takes the loop from a runner that has been in one and the same
// coroutine for a while, and starts another one, which goes on with the batch that is
// under way: it is kept in the Loop, and coroutines are resumed by the top level only, so that
// nothing of it is on the stack that was left behind. The old runner stays with the
// coroutine until that returns or parks, posts this to the loop, and ends.
//
//	          resume                    Hold
//	framework ------> user code <----------------> held
//	    ^               |   |        Release         |
//	    +---------------+   | monitor                |
//	    |  back from the    v                        |
//	    |  coroutine       lost                      |
//	    +--------------------------------------------+
//
// Invariants: only a runner whose word says framework or held touches the loop's state.
// Only the monitor makes a runner lost, and only from user code; a lost runner stays it.
// The runner of coroutines that run apart ([Loop.resumeApart]) is lost from the beginning.
type runner struct {
	// word is, from its lowest bits: the phase, a count of resumes, and the number of the
	// goroutine that is the coroutine, which only the log wants to know.
	word atomic.Uint64
	co   *Coroutine   // being resumed; for others, only once the runner is lost
	id   atomic.Int64 // of the goroutine that is the runner
	back atomic.Bool  // it was lost, and has come back from its coroutine
}

const (
	framework uint64 = iota // in the loop's own code
	user                    // in a coroutine
	held                    // in a coroutine that uses the loop's state
	lost                    // in a coroutine, without the loop; user|held

	phaseMask = 1<<2 - 1
	oneResume = 1 << 2
	resumes   = 1<<20 - oneResume // more than there can be between two looks
	idShift   = 20
)

// enter marks that the runner goes into co.
func (r *runner) enter(co *Coroutine) {
	r.co = co
	phase := user
	if co.holds > 0 {
		phase = held // it parked while it held the loop, and goes on so
	}
	co.runner = r
	r.word.Store(uint64(co.id)<<idShift | (r.word.Load()+oneResume)&resumes | phase)
}

// leave marks that the runner is back, and reports whether it still has the loop.
func (r *runner) leave() bool {
	word := r.word.Load()
	for word&phaseMask != lost {
		if r.word.CompareAndSwap(word, word&^phaseMask) {
			r.co = nil
			return true
		}
		word = r.word.Load()
	}
	r.back.Store(true)
	return false
}

// hold keeps the monitor from taking the loop, and reports whether it is there to keep.
func (r *runner) hold() bool {
	word := r.word.Load()
	return word&phaseMask == user && r.word.CompareAndSwap(word, word&^phaseMask|held)
}

// has reports whether the runner has the loop.
func (r *runner) has() bool { return r.word.Load()&phaseMask != lost }

func (r *runner) release() {
	r.word.Store(r.word.Load()&^phaseMask | user)
}

// drive runs turns in runner goroutines until done says so, and waits for it.
func (l *Loop) drive(turn func(*Loop), done func() bool) {
	finished := make(chan struct{})
	var start func()
	start = func() {
		r := new(runner)
		l.runner.Store(r)
		go func() {
			r.id.Store(goid.Get())
			completed := false
			defer func() {
				co := r.co
				switch {
				case completed:
					close(finished)
				case !r.leave():
					l.returned(co) // by runtime.Goexit, of it or of resume
				default:
					// A coroutine that ends by runtime.Goexit takes its runner with it.
					l.exited = co
					start()
				}
			}()
			for !done() {
				turn(l)
			}
			completed = true
		}()
	}
	start()
	w := l.monitor.watch(l, start)
	<-finished
	l.monitor.forget(w)
}

// returned posts that a coroutine whose runner had lost the loop is back from it.
func (l *Loop) returned(co *Coroutine) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		go l.endLate(co)
		return
	}
	l.enqueue((*straggler)(co))
}

// straggler is a coroutine that comes back from a lost runner.
type straggler Coroutine

// RunTask settles it, on the loop.
func (s *straggler) RunTask() {
	co := (*Coroutine)(s)
	co.adrift = false
	co.loop.away.Add(-1)
	if co.gone {
		co.loop.bury(co)
	} else {
		co.loop.settle(co)
	}
}

// surrender ends a runner that has lost its loop. What it runs below resume is the loop's
// own code, none of which may go on.
func surrender() { runtime.Goexit() }
