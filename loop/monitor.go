package loop

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// monitor finds loops that do not go on, and takes them from the coroutines that block them.
// The loops of a group share one. Its goroutine looks at each of them every millisecond
// while any is busy, and sleeps while all are.
//
// A loop that wakes up tells a monitor that sleeps (stir), and a monitor that is about to
// sleep announces that first and then looks once more: so one of the two sees the other.
type monitor struct {
	after     time.Duration // negative: loops are not taken
	threshold time.Duration // negative: nothing is logged about callbacks
	long      time.Duration // what counts as blocking
	pause     time.Duration // between two looks, zero: there is nothing to look for
	reporter  reporter

	asleep atomic.Bool
	wake   chan struct{} // capacity 1

	mu      sync.Mutex
	watched []*watch
	strays  []stray
	looked  time.Time

	life  sync.Mutex    // guards what follows; held while the goroutine is started and ended
	quit  chan struct{} // closed to end it, nil if there is none
	ended chan struct{} // closed by it
}

// watch is what the monitor remembers of one loop.
type watch struct {
	loop     *Loop
	takeOver func() // starts another runner
	at       position
	since    time.Time // when the loop was first seen there
	excused  bool      // and a look that came late did not count
	told     bool      // and that this is too long was logged
}

// stray is a runner that has lost its loop a short while ago.
type stray struct {
	runner *runner
	since  time.Time
	stuck
}

// tellAfter is how long a handler must go on blocking after the loop was taken from it to
// be named in the log. On a busy machine quick ones lose their loops, too, because the system
// had let their thread wait.
const tellAfter = 10 * time.Millisecond

// position is where a loop is. One that is at the same position in two looks has not moved
// between them.
type position struct {
	runner   *runner
	word     uint64
	turn     uint64
	sleeping bool
}

func (l *Loop) position() position {
	r := l.runner.Load()
	word := r.word.Load()
	l.mu.Lock()
	defer l.mu.Unlock()
	return position{r, word, l.turns, l.sleeping}
}

// monitorPatience is how many looks at sleeping loops the monitor takes before it sleeps.
const monitorPatience = 20

func newMonitor(o *Options) *monitor {
	m := &monitor{
		after:     o.HandOffAfter,
		threshold: o.BlockingLogThreshold,
		wake:      make(chan struct{}, 1),
		reporter:  reporter{log: o.Logger},
	}
	m.long = DefaultHandOffAfter
	if m.threshold > 0 {
		m.pause = max(1, m.threshold/2)
	}
	if m.after > 0 {
		m.long = m.after
		if m.pause == 0 || m.after < m.pause {
			m.pause = m.after
		}
	}
	return m
}

// watch begins to look at a loop that runs from now on. Another run of it may begin before
// this one is forgotten.
func (m *monitor) watch(l *Loop, takeOver func()) *watch {
	w := &watch{loop: l, takeOver: takeOver}
	if m.pause == 0 {
		return w
	}
	m.life.Lock()
	defer m.life.Unlock()
	m.mu.Lock()
	m.watched = append(m.watched, w)
	m.mu.Unlock()
	if m.quit == nil {
		m.quit, m.ended = make(chan struct{}), make(chan struct{})
		go m.run(m.quit, m.ended)
	}
	m.stir()
	return w
}

// forget ends what watch began. Nothing is done to the loop when it has returned.
func (m *monitor) forget(w *watch) {
	m.life.Lock()
	defer m.life.Unlock()
	m.mu.Lock()
	m.watched = slices.DeleteFunc(m.watched, func(other *watch) bool { return other == w })
	last := len(m.watched) == 0
	m.mu.Unlock()
	if last && m.quit != nil {
		close(m.quit)
		<-m.ended
		m.quit = nil
	}
}

// stir wakes a monitor that sleeps.
func (m *monitor) stir() {
	if m.asleep.Load() && m.asleep.CompareAndSwap(true, false) {
		select {
		case m.wake <- struct{}{}:
		default: // that it was woken before, it has yet to see
		}
	}
}

func (m *monitor) run(quit <-chan struct{}, ended chan<- struct{}) {
	defer close(ended)
	timer := time.NewTimer(m.pause)
	defer timer.Stop()
	for idle := 0; ; {
		select {
		case <-quit:
			return
		case <-timer.C:
		}
		if idle++; m.look() {
			idle = 0
		}
		if idle >= monitorPatience {
			idle = 0
			if m.doze() {
				select {
				case <-quit:
					return
				case <-m.wake:
				}
			}
		}
		timer.Reset(m.pause)
	}
}

// doze announces that the monitor sleeps, and reports whether it may: not if a loop has gone
// on before that and could not know. If one has since, it has filled wake.
func (m *monitor) doze() bool {
	m.asleep.Store(true)
	return !m.look() || !m.asleep.CompareAndSwap(true, false)
}

// look looks at all loops, deals with those that are stuck, and reports whether any is busy.
func (m *monitor) look() (busy bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	// A monitor that had to wait for a processor itself says little about who else did not
	// go on meanwhile.
	late := now.Sub(m.looked) > 2*m.pause
	m.looked = now
	for _, w := range m.watched {
		at := w.loop.position()
		if at != w.at {
			*w = watch{loop: w.loop, takeOver: w.takeOver, at: at, since: now}
			busy = true
			continue
		}
		if at.sleeping {
			continue
		}
		busy = true
		if late && !w.excused {
			w.excused = true
			continue
		}
		m.unblock(w, now)
	}
	if len(m.strays) > 0 {
		m.strays = slices.DeleteFunc(m.strays, func(s stray) bool { return m.tell(&s, now) })
		return true
	}
	return busy
}

// tell reports a stray that is still out, and returns whether it is done with it.
func (m *monitor) tell(s *stray, now time.Time) bool {
	back := s.runner.back.Load()
	if !back && now.Sub(s.since) < tellAfter {
		return false
	}
	switch {
	case back && !s.leaves:
		m.reporter.unreported.Add(1)
		return true
	case back:
		s.goroutine = 0 // it does something else by now
	}
	m.reporter.report(s.stuck)
	return true
}

// unblock deals with a loop that has not gone on since the last look, or longer.
func (m *monitor) unblock(w *watch, now time.Time) {
	r, word, d := w.at.runner, w.at.word, now.Sub(w.since)
	switch {
	case word&phaseMask == user && m.after > 0 && d >= m.after:
		if r.word.CompareAndSwap(word, word|lost) {
			m.strays = append(m.strays, stray{r, now, m.handOff(w, r.co)})
		}
	case m.threshold > 0 && d >= m.threshold && !w.told:
		w.told = true
		s := stuck{goroutine: int64(word >> idShift), lasts: d}
		if word&phaseMask == framework {
			s.goroutine = r.id.Load()
		}
		m.reporter.report(s)
	}
}

// handOff lets the loop go on without a coroutine that has just lost it.
func (m *monitor) handOff(w *watch, co *Coroutine) stuck {
	co.adrift = true
	w.loop.handOffs.Add(1)
	w.loop.away.Add(1)
	s := stuck{goroutine: co.id, handedOff: true, habit: co.following()}
	if s.habit != nil && !co.counted { // once for a job, however often it blocks
		co.counted = true
		s.leaves = s.habit.HandedOff()
	}
	w.takeOver()
	return s
}
