package loop

import (
	"runtime"
	"sync"

	"eddy/internal/reserve"
)

// Group is a set of running loops, one for each processor unless said otherwise, that
// share connections evenly.
type Group struct {
	loops []*Loop
	wg    sync.WaitGroup
	leave func() // ends the use of the reserve
}

// NewGroup makes n loops and runs them; n of zero or less means one for each processor
// that Go uses (GOMAXPROCS). Options that name a Poller fit a single loop only.
func NewGroup(n int, o Options) (*Group, error) {
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	o.fill() // one monitor for all
	g := &Group{leave: func() {}}
	if o.HeapReserve > 0 {
		g.leave = reserve.Use(o.HeapReserve)
	}
	for range n {
		l, err := New(o)
		if err != nil {
			g.Close()
			return nil, err
		}
		g.loops = append(g.loops, l)
		g.wg.Go(func() { l.Run() })
	}
	return g, nil
}

// Loops returns the group's loops. Any goroutine.
func (g *Group) Loops() []*Loop { return g.loops }

// Pick returns the loop with the fewest connections. Any goroutine.
func (g *Group) Pick() *Loop {
	best := g.loops[0]
	for _, l := range g.loops[1:] {
		if l.Load() < best.Load() {
			best = l
		}
	}
	return best
}

// Close closes every loop and waits for them.
func (g *Group) Close() error {
	var first error
	for _, l := range g.loops {
		if err := l.Close(); err != nil && first == nil {
			first = err
		}
	}
	g.wg.Wait()
	g.leave()
	return first
}
