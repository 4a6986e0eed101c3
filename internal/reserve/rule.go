package reserve

import (
	"math"
	"runtime/metrics"
	"time"
)

// When there is a reserve.
const (
	often  = 50 * time.Millisecond // collections that follow one another as quickly …
	inARow = 8                     // … so many times ask for a reserve,
	seldom = time.Second           // and one that comes as late as this is done without it.
	little = 8 << 20               // Programs with more live data have rare collections anyway. (What is made during
	// a collection counts as alive, and with a reserve there is more of that: a quarter of it is allowed for.)
)

// rule decides after each collection whether there shall be a reserve until the next one.
type rule struct {
	last time.Time
	row  int // collections that came quickly
	hold bool
}

// heap is what is known of the heap after a collection.
type heap struct {
	live  int64 // bytes that it has found alive, without the reserve
	held  int64 // the size of the reserve
	tuned bool  // GOGC or GOMEMLIMIT is not what it is by default
}

func (r *rule) next(now time.Time, h heap) bool {
	gap := now.Sub(r.last)
	r.last = now
	switch {
	case h.tuned || gap >= seldom || h.live > little+h.held/4:
		r.hold, r.row = false, 0
	case gap < often:
		r.row++
		r.hold = r.hold || r.row >= inARow
	default:
		r.row = 0
	}
	return r.hold
}

// readHeap asks the runtime.
func readHeap() heap {
	s := [...]metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/gogc:percent"}, {Name: "/gc/gomemlimit:bytes"}}
	metrics.Read(s[:])
	for i := range s {
		if s[i].Value.Kind() != metrics.KindUint64 {
			return heap{tuned: true} // a runtime that does not tell is left alone
		}
	}
	return heap{
		live:  int64(s[0].Value.Uint64()),
		tuned: s[1].Value.Uint64() != 100 || s[2].Value.Uint64() != math.MaxInt64,
	}
}
