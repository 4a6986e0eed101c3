package loop

import "time"

// timerHeap orders timers by due time, then by creation. Each node has four children, and
// the keys stand in the heap itself: half the levels of a binary one, and no timer is
// looked at to compare two, which is what container/heap would spend its time on.
type timerHeap []timerEntry

type timerEntry struct {
	due   time.Duration // on the loop's clock
	seq   uint64        // orders equal times by creation
	timer *Timer        // which knows its index here
}

const (
	heapWidth = 4
	// heapKeep is the capacity up to which the heap stays allocated when it empties: 768 KiB.
	heapKeep = 32 << 10
)

func (e *timerEntry) before(o *timerEntry) bool {
	return e.due < o.due || e.due == o.due && e.seq < o.seq
}

func (h *timerHeap) push(e timerEntry) {
	*h = append(*h, e)
	h.up(len(*h)-1, e)
}

// remove takes out the entry at index i.
func (h *timerHeap) remove(i int) {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = timerEntry{}
	*h = old[:len(old)-1]
	switch {
	case i == len(*h):
	case i > 0 && last.before(&(*h)[(i-1)/heapWidth]):
		h.up(i, last)
	default:
		h.down(i, last)
	}
	h.shrink()
}

// shrink gives memory back after a burst. Fresh memory is dear, so it keeps what a load
// that only swings needs again.
func (h *timerHeap) shrink() {
	if c := cap(*h); c > heapKeep && len(*h) < c/8 {
		*h = append(make(timerHeap, 0, c/4), *h...)
	}
}

// up puts e at i or above.
func (h timerHeap) up(i int, e timerEntry) {
	for i > 0 {
		parent := (i - 1) / heapWidth
		if !e.before(&h[parent]) {
			break
		}
		h.put(i, h[parent])
		i = parent
	}
	h.put(i, e)
}

// down puts e at i or below.
func (h timerHeap) down(i int, e timerEntry) {
	for {
		first := heapWidth*i + 1
		if first >= len(h) {
			break
		}
		least := first
		for c := first + 1; c < min(first+heapWidth, len(h)); c++ {
			if h[c].before(&h[least]) {
				least = c
			}
		}
		if !h[least].before(&e) {
			break
		}
		h.put(i, h[least])
		i = least
	}
	h.put(i, e)
}

func (h timerHeap) put(i int, e timerEntry) {
	h[i] = e
	e.timer.index = int32(i)
}
