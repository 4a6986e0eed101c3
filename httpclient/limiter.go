package httpclient

import (
	"context"
	"sync"
	"time"

	"eddy/loop"
)

// limiter lets so many requests be under way at once, in all and to one host. The others wait: for their
// host first, and then, in the order in which their hosts had room, for a place among all. So a
// host that is slow holds up nobody but those who want it.
type limiter struct {
	most, perHost int // 0: no limit
	longest       int // the queue; 0: no limit

	mu     sync.Mutex
	active int
	waits  int // in all queues
	queue  queue
	hosts  map[string]*hostLimit
	closed bool
}

// hostLimit is one host's part. It exists while somebody has a place there or waits for one.
type hostLimit struct {
	active int
	queue  queue
}

// turn is one who waits.
type turn struct {
	loop.Waiter
	host       string
	prev, next *turn
	in         *queue // where it waits; nil: it has its place, or err
	err        error
}

// acquire returns when the caller has a place, which it gives back by release. Its error is that
// of ctx, ErrQueueFull, or a [TimeoutError] after so long, if limit is not 0. waited is how long that took.
func (l *limiter) acquire(ctx context.Context, host string, limit time.Duration) (waited time.Duration, err error) {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return 0, ErrClosed
	}
	q := l.enter(host)
	if q == nil {
		l.mu.Unlock()
		return 0, nil
	}
	if l.longest > 0 && l.waits >= l.longest {
		if q == &l.queue && l.perHost > 0 { // it has a place at its host
			l.freeHost(host)
		}
		l.mu.Unlock()
		return 0, ErrQueueFull
	}
	l.waits++
	t := &turn{host: host}
	t.Init(ctx)
	q.push(t)
	l.mu.Unlock()
	return l.wait(ctx, t, limit)
}

// enter takes a place, or returns where to wait for one. The caller holds mu.
func (l *limiter) enter(host string) *queue {
	if l.perHost > 0 {
		h := l.hosts[host]
		if h == nil {
			h = new(hostLimit)
			l.hosts[host] = h
		}
		if h.active >= l.perHost {
			return &h.queue
		}
		h.active++
	}
	if l.most > 0 && l.active >= l.most {
		return &l.queue
	}
	l.active++
	return nil
}

func (l *limiter) wait(ctx context.Context, t *turn, limit time.Duration) (time.Duration, error) {
	began := time.Now()
	if limit > 0 {
		defer t.WakeAfter(limit)()
	}
	err := context.Canceled // of a coroutine that is ended while it waits
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.waits--; err != nil {
			l.giveUp(t)
		}
	}()
	err = t.Wait(ctx)
	l.mu.Lock()
	if err == nil && t.in != nil {
		err = &TimeoutError{"QueueTimeout", limit}
	} else if err == nil {
		err = t.err
	}
	l.mu.Unlock()
	return time.Since(began), err
}

// giveUp takes out one who waits no more, or takes back what it has been given meanwhile. The caller holds mu.
func (l *limiter) giveUp(t *turn) {
	switch {
	case t.err != nil:
	case t.in == nil:
		l.free(t.host)
	default:
		l.leave(t)
	}
}

// close ends the waits of all with ErrClosed.
func (l *limiter) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, h := range l.hosts {
		h.queue.close()
	}
	for t := l.queue.first; t != nil && l.perHost > 0; t = t.next { // they have their places at their hosts
		l.freeHost(t.host)
	}
	l.queue.close()
}

// leave takes out one who waits no more. The caller holds mu.
func (l *limiter) leave(t *turn) {
	at := t.in
	at.remove(t)
	if at == &l.queue && l.perHost > 0 { // it had its place at the host
		l.freeHost(t.host)
	}
	l.grant()
}

// release gives a place back, and so to the next.
func (l *limiter) release(host string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free(host)
}

// free is release. The caller holds mu.
func (l *limiter) free(host string) {
	l.active--
	if l.perHost > 0 {
		l.freeHost(host)
	}
	l.grant()
}

// freeHost gives back a place at a host: who waits for it waits with all others now. The caller holds mu.
func (l *limiter) freeHost(host string) {
	h := l.hosts[host]
	h.active--
	if t := h.queue.first; t != nil {
		h.queue.remove(t)
		h.active++
		l.queue.push(t)
	} else if h.active == 0 {
		delete(l.hosts, host)
	}
}

// grant gives places to those who have waited longest. The caller holds mu.
func (l *limiter) grant() {
	for t := l.queue.first; t != nil && (l.most == 0 || l.active < l.most); t = l.queue.first {
		l.queue.remove(t)
		l.active++
		t.Wake()
	}
}

// queue is those who wait, in order. Any of them can leave at the same cost.
type queue struct{ first, last *turn }

// close tells all who wait that it is in vain.
func (q *queue) close() {
	for t := q.first; t != nil; t = q.first {
		q.remove(t)
		t.err = ErrClosed
		t.Wake()
	}
}

func (q *queue) push(t *turn) {
	t.in, t.prev = q, q.last
	if q.last != nil {
		q.last.next = t
	} else {
		q.first = t
	}
	q.last = t
}

func (q *queue) remove(t *turn) {
	if t.prev != nil {
		t.prev.next = t.next
	} else {
		q.first = t.next
	}
	if t.next != nil {
		t.next.prev = t.prev
	} else {
		q.last = t.prev
	}
	t.in, t.prev, t.next = nil, nil, nil
}
