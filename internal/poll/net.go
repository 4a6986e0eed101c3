package poll

import (
	"sync"
	"syscall"
	"time"
)

// netPoller stands in where the system has no way to wait for descriptors that is known
// here. Its descriptors are numbers of listeners and connections of package net, each served by
// goroutines that read ahead, write behind and accept ahead: see netConn and netListener.
// Package net knows how to wait everywhere, so this works everywhere, at the price of those
// goroutines and of a copy each way.
type netPoller struct {
	mu     sync.Mutex
	watch  map[int]*netWatch
	queue  []*netWatch // may be ready; each at most once
	later  []*netWatch // what Wait puts back
	woken  bool
	signal chan struct{} // capacity 1: something changed
	timer  *time.Timer
}

// netWatch is one registration. It belongs to its poller.
type netWatch struct {
	poller *netPoller
	socket *netSocket
	token  uint64
	mode   Mode
	queued bool
	gone   bool
}

func newNetPoller() (Poller, error) {
	return &netPoller{watch: make(map[int]*netWatch), signal: make(chan struct{}, 1)}, nil
}

// changed is called when a socket may have become ready.
func (s *netSocket) changed() {
	s.mu.Lock()
	w := s.watch
	s.mu.Unlock()
	if w != nil {
		w.poller.mu.Lock()
		w.enqueue()
		w.poller.mu.Unlock()
	}
}

// enqueue is called with the poller's mu held.
func (w *netWatch) enqueue() {
	if !w.queued && !w.gone {
		w.queued = true
		w.poller.queue = append(w.poller.queue, w)
		w.poller.notify()
	}
}

func (p *netPoller) notify() {
	select {
	case p.signal <- struct{}{}:
	default:
	}
}

func (p *netPoller) Add(fd int, token uint64, m Mode) error {
	s := socketOf(fd)
	if s == nil {
		return syscall.EBADF
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	w := &netWatch{poller: p, socket: s, token: token, mode: m}
	s.mu.Lock()
	taken := s.watch != nil
	if !taken {
		s.watch = w
	}
	s.mu.Unlock()
	if taken {
		return syscall.EEXIST
	}
	p.watch[fd] = w
	w.enqueue()
	return nil
}

func (p *netPoller) Modify(fd int, token uint64, m Mode) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.watch[fd]
	if w == nil {
		return syscall.ENOENT
	}
	w.token, w.mode = token, m
	w.enqueue()
	return nil
}

func (p *netPoller) Remove(fd int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.watch[fd]
	if w == nil {
		return syscall.ENOENT
	}
	p.forget(fd, w)
	return nil
}

// forget is called with mu held. If the registration is in the queue, Wait drops it.
func (p *netPoller) forget(fd int, w *netWatch) {
	delete(p.watch, fd)
	w.gone = true
	w.socket.mu.Lock()
	w.socket.watch = nil
	w.socket.mu.Unlock()
}

func (p *netPoller) Wait(events []Event, until time.Time) (int, error) {
	for {
		n, woken := p.collect(events)
		if n > 0 || woken || until == DontWait || !p.sleep(until) {
			return n, nil
		}
	}
}

// collect reports what is ready. It stays in the queue, behind those that had no turn yet.
func (p *netPoller) collect(events []Event) (n int, woken bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := 0
	for _, w := range p.queue {
		if n == len(events) {
			break
		}
		seen++
		if m := w.ready(); m != 0 {
			events[n] = Event{w.token, m}
			n++
			p.later = append(p.later, w)
		} else {
			w.queued = false
		}
	}
	rest := copy(p.queue, p.queue[seen:])
	clear(p.queue[rest:])
	p.queue = append(p.queue[:rest], p.later...)
	clear(p.later)
	p.later = p.later[:0]
	woken, p.woken = p.woken, false
	return n, woken
}

func (w *netWatch) ready() Mode {
	if w.gone {
		return 0
	}
	w.socket.mu.Lock()
	defer w.socket.mu.Unlock()
	m := w.socket.end.ready() & (w.mode | Error)
	if m&Error != 0 {
		m |= Read | Write
	}
	return m
}

// sleep waits for a change and reports whether there was one before until.
func (p *netPoller) sleep(until time.Time) bool {
	if until.IsZero() {
		<-p.signal
		return true
	}
	left := time.Until(until)
	if left <= 0 {
		return false
	}
	if p.timer == nil {
		p.timer = time.NewTimer(left)
	} else {
		p.timer.Reset(left)
	}
	defer p.timer.Stop()
	select {
	case <-p.signal:
		return true
	case <-p.timer.C:
		return false
	}
}

func (p *netPoller) Wake() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.woken = true
	p.notify()
	return nil
}

func (p *netPoller) Files() Files { return netFiles{} }

// Close lets go of what is watched.
func (p *netPoller) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for fd, w := range p.watch {
		p.forget(fd, w)
	}
	p.queue = nil
	return nil
}
