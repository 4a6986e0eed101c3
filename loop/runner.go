package loop

import (
	"runtime"
	"sync/atomic"
	"time"
)

// runner is a goroutine that runs a loop: at any time one of them holds the loop's state.
//
// A coroutine that blocks, which the code in it may do as in any goroutine, would stop
// the loop. So the monitor takes the loop from a runner that has been in one and the same
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
type runner struct {
	// word is a count of resumes, shifted by phaseBits, and the phase.
	word atomic.Uint64
	co   *Coroutine // being resumed
}

const (
	framework uint64 = iota // in the loop's own code
	user                    // in a coroutine
	held                    // in a coroutine that uses the loop's state
	lost                    // in a coroutine, without the loop; user|held

	phaseBits = 2
	phaseMask = 1<<phaseBits - 1
)

// enter marks that the runner goes into co.
func (r *runner) enter(co *Coroutine) {
	r.co = co
	phase := user
	if co.holds > 0 {
		phase = held // it parked while it held the loop, and goes on so
	}
	co.runner = r
	r.word.Store((r.word.Load()>>phaseBits+1)<<phaseBits | phase)
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
	return false
}

// hold keeps the monitor from taking the loop, and reports whether it is there to keep.
func (r *runner) hold() bool {
	word := r.word.Load()
	return word&phaseMask == user && r.word.CompareAndSwap(word, word&^phaseMask|held)
}

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
	stop := l.startMonitor(start)
	<-finished
	stop()
}

// returned posts that a coroutine whose runner had lost the loop is back from it.
func (l *Loop) returned(co *Coroutine) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		go co.stop() // an own goroutine: runtime.Goexit in it ends who stops it
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
	if co.gone {
		co.loop.bury(co)
	} else {
		co.loop.settle(co)
	}
}

const (
	// handOffAfter is how long a coroutine may keep its loop: between one and two of the
	// monitor's looks.
	handOffAfter = time.Millisecond
	// monitorPatience is how many looks at an idle loop the monitor takes before it sleeps.
	monitorPatience = 20
)

// startMonitor watches the runner and calls takeOver when it has lost the loop. While the
// loop is idle the monitor sleeps, too; wakeMonitor ends that.
func (l *Loop) startMonitor(takeOver func()) (stop func()) {
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		l.monitor(takeOver, quit)
	}()
	return func() {
		close(quit)
		<-ended
	}
}

func (l *Loop) monitor(takeOver func(), quit <-chan struct{}) {
	pause := time.NewTimer(handOffAfter)
	defer pause.Stop()
	var seen *runner
	var last uint64
	for idle := 0; ; {
		r := l.runner.Load()
		word := r.word.Load()
		switch {
		case r != seen || word != last:
			idle = 0
		case word&phaseMask != user:
			idle++
		case r.word.CompareAndSwap(word, word|lost):
			r.co.adrift = true
			l.handOffs.Add(1)
			takeOver()
		}
		seen, last = r, word
		if idle == monitorPatience {
			idle = 0
			l.monitorAsleep.Store(true)
			if l.stirred(r, word) && l.monitorAsleep.CompareAndSwap(true, false) {
				continue // a coroutine was resumed before it could see that
			}
			select {
			case <-quit:
				return
			case <-l.monitorWake:
			}
		}
		pause.Reset(handOffAfter)
		select {
		case <-quit:
			return
		case <-pause.C:
		}
	}
}

// stirred reports whether the loop has gone on since its runner's word was read.
func (l *Loop) stirred(r *runner, word uint64) bool {
	now := l.runner.Load()
	return now != r || now.word.Load() != word
}

// wakeMonitor is called before a coroutine is resumed.
func (l *Loop) wakeMonitor() {
	if l.monitorAsleep.Load() && l.monitorAsleep.CompareAndSwap(true, false) {
		l.monitorWake <- struct{}{} // of capacity 1, and empty while the monitor is awake
	}
}

// HandOffs returns how often the loop was taken from a coroutine that blocked. Any
// goroutine.
func (l *Loop) HandOffs() uint64 { return l.handOffs.Load() }

// surrender ends a runner that has lost its loop. What it runs below resume is the loop's
// own code, none of which may go on.
func surrender() { runtime.Goexit() }
