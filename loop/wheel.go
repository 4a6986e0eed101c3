package loop

import (
	"math/bits"
	"time"
)

// tickLength is the resolution of the coarse deadlines.
const tickLength = 100 * time.Millisecond

// wheelSize is the number of buckets: 51.2 seconds. A deadline further off waits in the
// last bucket and is put into its own when that one comes up.
const wheelSize = 512

// wheel holds the coarse deadlines of descriptors: one for each, in steps of tickLength.
// Moving a deadline back, which every request on a connection does, only stores a number:
// the slot stays in its early bucket and is moved on when that comes up.
//
// Invariant: a slot with a deadline is in a bucket whose tick is at most that deadline.
type wheel struct {
	buckets [wheelSize]uint32      // first slot: index + 1
	filled  [wheelSize / 64]uint64 // which buckets are not empty
	done    uint32                 // buckets up to this tick have been emptied
	count   int
}

// SetDeadline makes HandleDeadline be called once, not before d has passed and about a
// tenth of a second later at most, unless it is set again before. Zero or less clears it.
func (l *Loop) SetDeadline(id ID, d time.Duration) {
	p := l.slots.get(id)
	if p == nil {
		return
	}
	if d <= 0 {
		p.deadline = 0
		return
	}
	// One tick more, because the current one has partly gone by.
	p.deadline = l.tick + uint32((d+tickLength-1)/tickLength) + 1
	if p.queued == 0 || p.queued > p.deadline {
		if p.queued != 0 {
			l.wheel.unlink(&l.slots, id.index(), p)
		}
		l.wheel.link(&l.slots, id.index(), p)
	}
}

func (w *wheel) link(s *slots, index uint32, p *slot) {
	p.queued = max(w.done+1, min(p.deadline, w.done+wheelSize-1))
	b := p.queued % wheelSize
	p.prev, p.next = 0, w.buckets[b]
	if p.next != 0 {
		s.at(p.next - 1).prev = index + 1
	}
	w.buckets[b] = index + 1
	w.filled[b/64] |= 1 << (b % 64)
	w.count++
}

func (w *wheel) unlink(s *slots, index uint32, p *slot) {
	b := p.queued % wheelSize
	if p.prev != 0 {
		s.at(p.prev - 1).next = p.next
	} else {
		w.buckets[b] = p.next
		if p.next == 0 {
			w.filled[b/64] &^= 1 << (b % 64)
		}
	}
	if p.next != 0 {
		s.at(p.next - 1).prev = p.prev
	}
	p.next, p.prev, p.queued = 0, 0, 0
	w.count--
}

// next returns the tick of the first bucket that is not empty.
func (w *wheel) next() (uint32, bool) {
	if w.count == 0 {
		return 0, false
	}
	for i := uint32(1); i < wheelSize; {
		b := (w.done + i) % wheelSize
		if word := w.filled[b/64] >> (b % 64); word != 0 {
			return w.done + i + uint32(bits.TrailingZeros64(word)), true
		}
		i += 64 - b%64
	}
	return 0, false
}

// expire tells the handlers whose deadline has passed.
func (l *Loop) expire() {
	w := &l.wheel
	for {
		tick, ok := w.next()
		if !ok || tick > l.tick {
			// No bucket up to here holds anything.
			w.done = max(w.done, l.tick)
			return
		}
		b := tick % wheelSize
		i := w.buckets[b] - 1
		p := l.slots.at(i)
		w.unlink(&l.slots, i, p)
		switch {
		case p.deadline == 0:
		case p.deadline > tick:
			w.done = max(w.done, tick-1)
			w.link(&l.slots, i, p)
		default:
			p.deadline = 0
			l.serving = makeID(i, p.generation)
			p.handler.HandleDeadline()
			l.serving = 0
			l.runReady()
		}
	}
}
