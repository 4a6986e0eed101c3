package async

import (
	"container/heap"
	"slices"
)

// store keeps the items of a queue in the queue's order.
type store[T any] interface {
	push(T)
	pop() T // of a store that is not empty
	len() int
}

// fifo is a ring that grows.
type fifo[T any] struct {
	ring  []T // its length is a power of two
	first int
	n     int
}

func (f *fifo[T]) len() int { return f.n }

func (f *fifo[T]) push(item T) {
	if f.n == len(f.ring) {
		ring := make([]T, max(4, 2*len(f.ring)))
		copy(ring[copy(ring, f.ring[f.first:]):], f.ring[:f.first])
		f.ring, f.first = ring, 0
	}
	f.ring[(f.first+f.n)&(len(f.ring)-1)] = item
	f.n++
}

func (f *fifo[T]) pop() T {
	var zero T
	item := f.ring[f.first]
	f.ring[f.first] = zero
	f.first = (f.first + 1) & (len(f.ring) - 1)
	f.n--
	if f.n == 0 && len(f.ring) > keptItems {
		f.ring, f.first = nil, 0 // a burst is over
	}
	return item
}

// keptItems is the size up to which an empty store keeps its memory.
const keptItems = 1024

// lifo is a stack.
type lifo[T any] struct{ items []T }

func (l *lifo[T]) len() int    { return len(l.items) }
func (l *lifo[T]) push(item T) { l.items = append(l.items, item) }

func (l *lifo[T]) pop() T {
	last := len(l.items) - 1
	item := l.items[last]
	l.items = cut(l.items)
	return item
}

// cut removes the last item.
func cut[T any](items []T) []T {
	items = slices.Delete(items, len(items)-1, len(items))
	if len(items) == 0 && cap(items) > keptItems {
		return nil
	}
	return items
}

// priority is a heap.
type priority[T any] struct {
	items   []T
	compare func(a, b T) int
}

func (p *priority[T]) len() int    { return len(p.items) }
func (p *priority[T]) push(item T) { heap.Push((*heapOf[T])(p), item) }
func (p *priority[T]) pop() T      { return heap.Pop((*heapOf[T])(p)).(T) }

// heapOf implements heap.Interface.
type heapOf[T any] priority[T]

func (h *heapOf[T]) Len() int           { return len(h.items) }
func (h *heapOf[T]) Less(i, j int) bool { return h.compare(h.items[i], h.items[j]) < 0 }
func (h *heapOf[T]) Swap(i, j int)      { h.items[i], h.items[j] = h.items[j], h.items[i] }
func (h *heapOf[T]) Push(item any)      { h.items = append(h.items, item.(T)) }

func (h *heapOf[T]) Pop() any {
	item := h.items[len(h.items)-1]
	h.items = cut(h.items)
	return item
}
