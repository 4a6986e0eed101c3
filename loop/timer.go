package loop

import (
	"container/heap"
	"time"
)

// Timer is a task that runs at a set time. It belongs to its loop.
type Timer struct {
	loop  *Loop
	task  Task // nil: stopped or done
	when  time.Time
	seq   uint64 // orders equal times by creation
	index int    // in the heap, -1: not in it
}

// CallLater runs f on the loop after d.
func (l *Loop) CallLater(d time.Duration, f func()) *Timer {
	return l.CallAt(time.Now().Add(d), f)
}

// CallAt runs f on the loop at the given time, or in the next turn if it has passed.
// Timers of the same time run in the order of their creation.
func (l *Loop) CallAt(when time.Time, f func()) *Timer { return l.taskAt(when, callback(f)) }

func (l *Loop) taskAt(when time.Time, task Task) *Timer {
	l.timerSeq++
	t := &Timer{loop: l, task: task, when: when, seq: l.timerSeq}
	heap.Push(&l.timers, t)
	return t
}

// Stop keeps the timer from running and reports whether it did: false if it has run or
// was stopped before. A timer can stop another one that is due in the same turn.
func (t *Timer) Stop() bool {
	if t.task == nil {
		return false
	}
	t.task = nil
	if t.index >= 0 {
		heap.Remove(&t.loop.timers, t.index)
	}
	return true
}

// runTimers first collects what is due, so that a timer of no delay that sets itself again
// waits for the next turn.
func (l *Loop) runTimers() {
	if l.dueAt == len(l.due) {
		clear(l.due)
		l.due, l.dueAt = l.due[:0], 0
		for len(l.timers) > 0 && !l.timers[0].when.After(l.now) {
			l.due = append(l.due, heap.Pop(&l.timers).(*Timer))
		}
	}
	for l.dueAt < len(l.due) {
		t := l.due[l.dueAt]
		l.dueAt++
		if task := t.task; task != nil {
			t.task = nil
			task.RunTask()
			l.runReady()
		}
	}
}

// timerHeap implements heap.Interface.
type timerHeap []*Timer

func (h timerHeap) Len() int { return len(h) }
func (h timerHeap) Less(i, j int) bool {
	if h[i].when.Equal(h[j].when) {
		return h[i].seq < h[j].seq
	}
	return h[i].when.Before(h[j].when)
}
func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *timerHeap) Push(x any) {
	t := x.(*Timer)
	t.index = len(*h)
	*h = append(*h, t)
}
func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.index = -1
	return t
}
