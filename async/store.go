package async

import "slices"

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
		f.resize(max(4, 2*len(f.ring)))
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
	if len(f.ring) > keptItems && f.n <= len(f.ring)/4 {
		f.resize(len(f.ring) / 2) // a burst is over
	}
	return item
}

func (f *fifo[T]) resize(size int) {
	ring := make([]T, size)
	for i := range f.n {
		ring[i] = f.ring[(f.first+i)&(len(f.ring)-1)]
	}
	f.ring, f.first = ring, 0
}

// keptItems is the size up to which a store keeps its memory.
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

// priority is a binary heap: no item comes before the one above it. compare is the user's and may
// panic, so items are moved only when all of it is known.
type priority[T any] struct {
	items   []ranked[T]
	puts    uint64
	compare func(a, b T) int
}

// ranked is an item and its place among all that were put.
type ranked[T any] struct {
	item  T
	place uint64
}

func (p *priority[T]) len() int { return len(p.items) }

func (p *priority[T]) before(a, b ranked[T]) bool {
	order := p.compare(a.item, b.item)
	return order < 0 || order == 0 && a.place < b.place
}

func (p *priority[T]) push(item T) {
	x := ranked[T]{item, p.puts}
	to := len(p.items)
	for to > 0 && p.before(x, p.items[(to-1)/2]) {
		to = (to - 1) / 2
	}
	p.puts++
	p.items = append(p.items, x)
	for i := len(p.items) - 1; i > to; i = (i - 1) / 2 {
		p.items[i] = p.items[(i-1)/2]
	}
	p.items[to] = x
}

func (p *priority[T]) pop() T {
	last := len(p.items) - 1
	x := p.items[last] // comes to where the first was, or below
	var path [64]int
	depth := 0
	for i := 1; i < last; i = 2*i + 1 {
		if i+1 < last && p.before(p.items[i+1], p.items[i]) {
			i++
		}
		if !p.before(p.items[i], x) {
			break
		}
		path[depth] = i
		depth++
	}
	item, to := p.items[0].item, 0
	for _, i := range path[:depth] {
		p.items[to] = p.items[i]
		to = i
	}
	p.items[to] = x
	p.items = cut(p.items)
	return item
}
