package stream

import (
	"sync"

	"eddy/internal/habit"
)

// DefaultMaxHandshakes is how many handshakes of one server are under way at once.
const DefaultMaxHandshakes = 1024

// handshakeWeight: a goroutine costs a handshake some fifty microseconds, so one in sixteen or
// more must have blocked its loop for a millisecond. Those that sign by RSA do.
const handshakeWeight = 16

// Handshakes bounds the handshakes of a server that are under way at once. One that has begun takes
// a coroutine and some 30 KiB until it is over, and a client that connects costs itself
// much less; those beyond the bound wait, in their order, and are not read from meanwhile.
// It also learns whether handshakes take long, as with RSA keys: then they are computed in goroutines of their
// own, and the loops go on. Methods may be called from any goroutine.
type Handshakes struct {
	habit *habit.Habit

	mu      sync.Mutex
	most    int
	running int
	waiting []*handshake // nil: has given up
	first   int          // how many have left waiting: the number of the first one there
	gone    int          // how many have given up
}

// NewHandshakes returns a bound: zero means DefaultMaxHandshakes, less none. name is what
// the log calls these handshakes.
func NewHandshakes(name string, most int) *Handshakes {
	if most == 0 {
		most = DefaultMaxHandshakes
	}
	return &Handshakes{habit: habit.NewWeighted(name, habit.Learned, handshakeWeight), most: most}
}

// Running returns how many handshakes are under way, and how many wait for their turn.
func (g *Handshakes) Running() (running, waiting int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.running, len(g.waiting) - g.gone
}

// enter reports whether h may begin; if not, its RunTask is posted when it may.
func (g *Handshakes) enter(h *handshake) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.most < 0 || g.running < g.most {
		g.running++
		return true
	}
	h.turn = g.first + len(g.waiting)
	g.waiting = append(g.waiting, h)
	return false
}

// leave ends one handshake, whose place the next one takes.
func (g *Handshakes) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.waiting) > 0 {
		if h := g.pop(); h != nil && h.secure.s.loop.PostTask(h) {
			return
		}
	}
	g.running--
}

func (g *Handshakes) pop() (h *handshake) {
	h, g.waiting[0] = g.waiting[0], nil
	g.waiting = g.waiting[1:]
	g.first++
	if h == nil {
		g.gone--
	}
	return h
}

// giveUp is called when h's stream was closed: if h waits, nothing shall hold its memory.
func (g *Handshakes) giveUp(h *handshake) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := h.turn - g.first; 0 <= i && i < len(g.waiting) && g.waiting[i] == h {
		g.waiting[i] = nil
		g.gone++
	}
}
