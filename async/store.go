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

// priority is a binary heap: no item comes before the one above it.
type priority[T any] struct {
	items   []T
	compare func(a, b T) int
}

func (p *priority[T]) len() int { return len(p.items) }

func (p *priority[T]) push(item T) {
	p.items = append(p.items, item)
	for i := len(p.items) - 1; i > 0; {
		above := (i - 1) / 2
		if p.compare(p.items[i], p.items[above]) >= 0 {
			return
		}
		p.items[i], p.items[above] = p.items[above], p.items[i]
		i = above
	}
}

func (p *priority[T]) pop() T {
	last := len(p.items) - 1
	item := p.items[0]
	p.items[0] = p.items[last]
	p.items = cut(p.items)
	for i := 0; ; {
		least := i
		for below := 2*i + 1; below <= 2*i+2 && below < last; below++ {
			if p.compare(p.items[below], p.items[least]) < 0 {
				least = below
			}
		}
		if least == i {
			return item
		}
		p.items[i], p.items[least] = p.items[least], p.items[i]
		i = least
	}
}
