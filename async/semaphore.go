package async

import (
	"context"
	"fmt"
	"sync"
)

// Semaphore gives out a number of permits, to those who wait in the order of their
// coming: a permit that is released goes to the first of them at once, so that nobody who
// comes later can take it before. The zero Semaphore has none to give until one is released;
// [NewSemaphore] makes one that has some.
type Semaphore struct {
	mu      sync.Mutex
	free    int
	waiters waitlist[none]
}

// NewSemaphore returns a semaphore with n permits. It panics if n is negative.
func NewSemaphore(n int) *Semaphore {
	s := new(Semaphore)
	s.init(n)
	return s
}

func (s *Semaphore) init(n int) {
	if n < 0 {
		panic(fmt.Sprintf("async: semaphore of %d permits", n))
	}
	s.free = n
}

// Acquire takes a permit, and waits for one if there is none. If ctx ends first it returns
// ctx's error and takes none. A permit that is free is given also to a ctx that has ended.
func (s *Semaphore) Acquire(ctx context.Context) error {
	s.mu.Lock()
	if s.free > 0 {
		s.free--
		s.mu.Unlock()
		return nil
	}
	return s.waiters.wait(ctx, &s.mu, s.waiters.join(ctx, none{}))
}

// TryAcquire takes a permit if one is free, and reports whether it did.
func (s *Semaphore) TryAcquire() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free == 0 {
		return false
	}
	s.free--
	return true
}

// Release gives a permit back. It need not be called by who acquired it; called more often
// than that, it adds permits.
func (s *Semaphore) Release() {
	s.mu.Lock()
	s.give()
}

// give is called with mu held, and unlocks it.
func (s *Semaphore) give() {
	next := s.waiters.pop()
	if next == nil {
		s.free++
	}
	s.mu.Unlock()
	if next != nil {
		next.Wake()
	}
}

// Value returns how many permits are free.
func (s *Semaphore) Value() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.free
}

// Waiters returns how many wait for a permit.
func (s *Semaphore) Waiters() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiters.n
}

// BoundedSemaphore is a [Semaphore] that is released as often as it is acquired, and not
// more often: where a permit too many means that a resource is used by two, that must not go
// unnoticed. Make it by [NewBoundedSemaphore].
type BoundedSemaphore struct {
	s    Semaphore
	most int
}

// NewBoundedSemaphore returns a semaphore with n permits and never more. It panics if n is
// negative.
func NewBoundedSemaphore(n int) *BoundedSemaphore {
	b := &BoundedSemaphore{most: n}
	b.s.init(n)
	return b
}

// Acquire is [Semaphore.Acquire].
func (b *BoundedSemaphore) Acquire(ctx context.Context) error { return b.s.Acquire(ctx) }

// TryAcquire is [Semaphore.TryAcquire].
func (b *BoundedSemaphore) TryAcquire() bool { return b.s.TryAcquire() }

// Value returns how many permits are free.
func (b *BoundedSemaphore) Value() int { return b.s.Value() }

// Waiters returns how many wait for a permit.
func (b *BoundedSemaphore) Waiters() int { return b.s.Waiters() }

// Release gives a permit back. It panics if all were given back before.
func (b *BoundedSemaphore) Release() {
	b.s.mu.Lock()
	if b.s.free == b.most {
		b.s.mu.Unlock()
		panic("async: bounded semaphore released more often than acquired")
	}
	b.s.give()
}
