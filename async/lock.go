package async

import (
	"context"
	"sync"
)

// Lock is a mutex that may be held while its holder waits: who wants it parks, in the order
// of coming, and gives up when its context ends. For state that is held for microseconds
// and never across a wait, a sync.Mutex is faster. The zero Lock is unlocked.
//
//	if err := l.Lock(ctx); err != nil {
//		return err
//	}
//	defer l.Unlock()
type Lock struct {
	mu      sync.Mutex
	locked  bool
	waiters waitlist[none]
}

// Lock takes the lock, and waits for it if need be. If ctx ends first it returns ctx's
// error, without the lock. A lock that is free is given also to a ctx that has ended.
func (l *Lock) Lock(ctx context.Context) error {
	l.mu.Lock()
	if !l.locked {
		l.locked = true
		l.mu.Unlock()
		return nil
	}
	return l.waiters.wait(ctx, &l.mu, l.waiters.join(ctx, none{}))
}

// TryLock takes the lock if it is free, and reports whether it did.
func (l *Lock) TryLock() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.locked {
		return false
	}
	l.locked = true
	return true
}

// Unlock hands the lock to the first who waits, or frees it. It need not be called by who
// took it. It panics if the lock is free.
func (l *Lock) Unlock() {
	l.mu.Lock()
	if !l.locked {
		l.mu.Unlock()
		panic("async: Unlock of an unlocked Lock")
	}
	next := l.waiters.pop()
	l.locked = next != nil
	l.mu.Unlock()
	if next != nil {
		next.Wake()
	}
}

// Locked reports whether the lock is held.
func (l *Lock) Locked() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.locked
}

// Waiters returns how many wait for the lock.
func (l *Lock) Waiters() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waiters.n
}
