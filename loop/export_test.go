package loop

import "time"

// Watched is a loop that a test moves by hand, and the monitor that looks at it when told to.
type Watched struct {
	*Loop
	runner *runner
	co     Coroutine
	taken  int
}

// NewWatched returns a loop that is in a coroutine.
func NewWatched(o Options) *Watched {
	l, err := New(o)
	if err != nil {
		panic(err)
	}
	w := &Watched{Loop: l, co: Coroutine{loop: l, id: 1}}
	l.monitor.watched = []*watch{{loop: l, takeOver: func() { w.taken++ }}}
	w.Enter()
	return w
}

// Enter lets a fresh runner go into the coroutine.
func (w *Watched) Enter() {
	w.runner = new(runner)
	w.Loop.runner.Store(w.runner)
	w.runner.enter(&w.co)
}

// Leave lets the runner come back, and reports whether it has the loop.
func (w *Watched) Leave() bool { return w.runner.leave() }

// Turn lets the loop go to sleep, or wake up from it, as in wait.
func (w *Watched) Turn(sleeping bool) {
	w.mu.Lock()
	w.sleeping = sleeping
	if !sleeping {
		w.turns++
	}
	w.mu.Unlock()
	if !sleeping {
		w.monitor.stir()
	}
}

// Taken returns how often the monitor has taken the loop.
func (w *Watched) Taken() int { return w.taken }

// Look lets the monitor look, Doze lets it try to sleep.
func (w *Watched) Look() (busy bool)   { return w.monitor.look() }
func (w *Watched) Doze() (asleep bool) { return w.monitor.doze() }

// Hold is what Coroutine.Hold does.
func (w *Watched) Hold() bool { return w.runner.hold() }

// Seen returns where the loop is, Unblock lets the monitor deal with one that has been
// there for long, and reports whether it has taken the loop.
func (w *Watched) Seen() position { return w.position() }

func (w *Watched) Unblock(at position) bool {
	before := w.taken
	w.monitor.unblock(&watch{loop: w.Loop, takeOver: func() { w.taken++ }, at: at}, time.Unix(1<<40, 0))
	w.monitor.strays = w.monitor.strays[:0]
	return w.taken > before
}
