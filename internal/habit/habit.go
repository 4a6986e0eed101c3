// Package habit is what an engine learns about a kind of job, such as the requests of one
// route: whether it blocks.
//
// Kind: core. It stands below everything, so that a framework can name its routes to an engine that it
// does not know. It reads no clock and starts nothing.
package habit

import "sync/atomic"

// Place is where the jobs of one kind run.
type Place uint8

const (
	// Learned starts a job on its loop, and in a goroutine of its own while its kind is
	// known to block.
	Learned Place = iota
	// OnLoop starts every job on its loop. One that blocks still loses it.
	OnLoop
	// InGoroutine starts every job in a goroutine of its own.
	InGoroutine
)

// DefaultWeight is how many jobs that do not block weigh as much as one that does: a hand-off costs its
// loop a millisecond or two, and a goroutine costs a quick job a few microseconds more.
const DefaultWeight = 256

// Habit is the memory of one kind of job. Any goroutine may use it. Its score rises with
// every job that blocks and sinks with every one that does not; what it is compared with
// differs for the two directions, so that a kind does not swing between them.
type Habit struct {
	name     string
	place    Place
	weight   int32
	score    atomic.Int32
	apart    atomic.Bool // Learned, and it blocks
	handOffs atomic.Uint64
}

// New returns a habit without experience. The name is for logs.
func New(name string, place Place) *Habit { return NewWeighted(name, place, DefaultWeight) }

// NewWeighted is New for jobs to which a goroutine costs more, so that a job that blocks weighs
// less beside them.
func NewWeighted(name string, place Place, weight int) *Habit {
	return &Habit{name: name, place: place, weight: int32(weight)}
}

// leaveAt is passed by the third job that blocks among a few weights of others.
func (h *Habit) leaveAt() int32 { return 2*h.weight + 1 }

// most bounds what has to be forgotten before a kind that has become quick is back on its
// loop: with the default weight, a thousand runs.
func (h *Habit) most() int32 { return 4 * h.weight }

// Name returns what New was given.
func (h *Habit) Name() string { return h.name }

// Forced reports whether the place is given and not learned.
func (h *Habit) Forced() bool { return h.place != Learned }

// Apart reports whether a job of this kind shall run in a goroutine of its own.
func (h *Habit) Apart() bool {
	switch h.place {
	case OnLoop:
		return false
	case InGoroutine:
		return true
	}
	return h.apart.Load()
}

// Begin is Apart for a job that begins now, or goes on after a wait, which a kind that
// seldom blocks is credited with. While it never blocks this only reads.
func (h *Habit) Begin() bool {
	apart := h.Apart()
	if !apart {
		if score := h.score.Load(); score > 0 {
			h.score.CompareAndSwap(score, score-1) // one more or less does not matter
		}
	}
	return apart
}

// HandedOff counts a job that blocked its loop, and reports whether its kind leaves the
// loop with that.
func (h *Habit) HandedOff() bool {
	h.handOffs.Add(1)
	return h.raise() >= h.leaveAt() && h.place == Learned && h.apart.CompareAndSwap(false, true)
}

// Ran tells how a job behaved in a goroutine of its own: whether it ran for long without
// parking. It reports whether its kind goes back to the loop with that.
func (h *Habit) Ran(long bool) bool {
	if long {
		h.raise()
		return false
	}
	if h.score.Add(-1) > 0 {
		return false
	}
	h.score.Store(0)
	return h.apart.CompareAndSwap(true, false)
}

func (h *Habit) raise() int32 {
	score := min(h.most(), h.score.Add(h.weight))
	h.score.Store(score)
	return score
}

// HandOffs returns how many jobs of this kind have blocked their loop.
func (h *Habit) HandOffs() uint64 { return h.handOffs.Load() }
