package poll

import (
	"slices"
	"sync"
	"syscall"
	"time"
)

// Fake is a poller for tests: its descriptors are sockets in memory, and the test holds
// the other end of each ([Peer]). It waits on channels, so that it works inside a bubble
// of testing/synctest, where a real wait for the kernel would not count as idle.
type Fake struct {
	mu      sync.Mutex
	sockets map[int]*Peer
	watched map[int]watch
	lastFD  int
	woken   bool
	signal  chan struct{} // capacity 1: something changed
	connect func(Target, *Peer) error
}

type watch struct {
	token uint64
	mode  Mode
}

// NewFake returns a poller without descriptors.
func NewFake() *Fake {
	return &Fake{
		sockets: make(map[int]*Peer),
		watched: make(map[int]watch),
		lastFD:  99, // so that a real descriptor in the test's code stands out
		signal:  make(chan struct{}, 1),
	}
}

func (f *Fake) changed() {
	select {
	case f.signal <- struct{}{}:
	default:
	}
}

// Add starts to watch fd.
func (f *Fake) Add(fd int, token uint64, m Mode) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sockets[fd] == nil {
		return syscall.EBADF
	}
	if _, ok := f.watched[fd]; ok {
		return syscall.EEXIST
	}
	f.watched[fd] = watch{token, m}
	f.changed()
	return nil
}

// Modify changes what is waited for.
func (f *Fake) Modify(fd int, token uint64, m Mode) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.watched[fd]; !ok {
		return syscall.ENOENT
	}
	f.watched[fd] = watch{token, m}
	f.changed()
	return nil
}

// Remove stops watching fd.
func (f *Fake) Remove(fd int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.watched[fd]; !ok {
		return syscall.ENOENT
	}
	delete(f.watched, fd)
	return nil
}

// Mode returns what fd is watched for, and whether it is watched at all.
func (f *Fake) Mode(fd int) (Mode, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w, ok := f.watched[fd]
	return w.mode, ok
}

// Open returns how many descriptors are open.
func (f *Fake) Open() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.sockets)
}

// Wait reports ready descriptors in the order of their numbers.
func (f *Fake) Wait(events []Event, until time.Time) (int, error) {
	for {
		n, woken := f.collect(events)
		if n > 0 || woken {
			return n, nil
		}
		if until.IsZero() {
			<-f.signal
			continue
		}
		left := time.Until(until)
		if left <= 0 {
			return 0, nil
		}
		timer := time.NewTimer(left)
		select {
		case <-f.signal:
			timer.Stop()
		case <-timer.C:
		}
	}
}

func (f *Fake) collect(events []Event) (n int, woken bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fds := make([]int, 0, len(f.watched))
	for fd := range f.watched {
		fds = append(fds, fd)
	}
	slices.Sort(fds)
	for _, fd := range fds {
		w := f.watched[fd]
		if m := f.sockets[fd].ready() & (w.mode | Error); m != 0 && n < len(events) {
			if m&Error != 0 {
				m |= Read | Write
			}
			events[n] = Event{w.token, m}
			n++
		}
	}
	woken, f.woken = f.woken, false
	return n, woken
}

// Wake makes the current or next Wait return.
func (f *Fake) Wake() error {
	f.mu.Lock()
	f.woken = true
	f.mu.Unlock()
	f.changed()
	return nil
}

// Files returns the I/O on the sockets in memory.
func (f *Fake) Files() Files { return (*fakeFiles)(f) }

// Close does nothing: there is nothing to free.
func (f *Fake) Close() error { return nil }
