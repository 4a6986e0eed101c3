//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package poll

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Filter is one of the conditions that a kernel queue can watch.
type Filter uint8

// The filters that a poller needs.
const (
	ReadFilter  Filter = iota // bytes to read, connections to accept, the end of input
	WriteFilter               // room to write
	WakeFilter                // Queue.Trigger; it has no descriptor
)

// Trigger says how a kernel queue reports a condition.
type Trigger uint8

// A filter is off at first.
const (
	Off   Trigger = iota
	Edge          // when the condition has come, and when it changes (EV_CLEAR)
	Level         // as long as the condition holds
)

// QueueEvent is what a kernel queue reports.
type QueueEvent struct {
	FD     int
	Filter Filter
	EOF    bool // the direction is closed: the peer sends no more, or nothing can be written
	Failed bool // the descriptor has a pending error
}

// Queue is the system's kqueue: what differs between the systems that have it is behind
// this interface, and what is alike is in front of it, where it can be tested anywhere.
type Queue interface {
	// Set makes one change. From Edge to Level and back the way leads over Off, because
	// systems differ in whether a second addition changes the first.
	Set(fd int, f Filter, t Trigger) error
	// Wait fills events. A negative timeout is none.
	Wait(events []QueueEvent, timeout time.Duration) (int, error)
	// Trigger makes the wake filter report. Any goroutine.
	Trigger() error
	// Close frees the queue.
	Close() error
}

// queueBatch is how many events one system call fetches, as for epoll.
const queueBatch = 256

// kqueue makes a poller of a kernel queue. The wait holds a thread. Go's own poller cannot
// take it over, as it does for epoll: it registers every descriptor for reading and
// writing, and kernels refuse to watch a queue for writing.
//
// A queue reports nothing that it was not asked for, but errors must come unasked. So one
// filter is always on. A read filter that is there for errors and hangups only is triggered
// by edges, so that bytes which nobody reads are told of once and not all the time.
type kqueue struct {
	files  queueFiles
	queue  Queue
	pipe   *wakePipe  // wakes the queue if it has no wake filter
	regs   []queueReg // by descriptor
	events [queueBatch]QueueEvent
	closed bool
}

// queueReg is a registration.
type queueReg struct {
	token       uint64
	place       int32 // in the present batch of events, plus 1
	used        bool
	mode        Mode
	read, write Trigger
	eof         bool // the peer sends no more
	ended       bool // this side sends no more
	failed      bool
}

// NewQueuePoller makes a poller of q, which it owns from then on, also if it fails.
func NewQueuePoller(q Queue) (Poller, error) {
	k := &kqueue{queue: q}
	k.files.kqueue = k
	if err := k.openWake(); err != nil {
		k.Close()
		return nil, fmt.Errorf("poll: wake-up of a kqueue: %w", err)
	}
	return k, nil
}

func (k *kqueue) openWake() error {
	if err := k.queue.Set(0, WakeFilter, Edge); err == nil {
		return nil
	}
	// NetBSD before 10 and OpenBSD have no filter for it.
	pipe := new(wakePipe)
	if err := pipe.open(); err != nil {
		return err
	}
	k.pipe = pipe
	return k.queue.Set(pipe.r, ReadFilter, Level)
}

func (k *kqueue) reg(fd int) *queueReg {
	if fd < 0 || fd >= len(k.regs) || !k.regs[fd].used {
		return nil
	}
	return &k.regs[fd]
}

func (k *kqueue) Add(fd int, token uint64, m Mode) error {
	if k.reg(fd) != nil {
		return unix.EEXIST
	}
	if fd < 0 {
		return unix.EBADF
	}
	for fd >= len(k.regs) {
		k.regs = append(k.regs, queueReg{})
	}
	r := &k.regs[fd]
	*r = queueReg{token: token, used: true, mode: m}
	if err := k.apply(fd, r); err != nil {
		k.Remove(fd)
		return err
	}
	return nil
}

func (k *kqueue) Modify(fd int, token uint64, m Mode) error {
	r := k.reg(fd)
	if r == nil {
		return unix.ENOENT
	}
	r.token, r.mode = token, m
	return k.apply(fd, r)
}

func (k *kqueue) Remove(fd int) error {
	r := k.reg(fd)
	if r == nil {
		return unix.ENOENT
	}
	r.used = false
	err := k.set(fd, ReadFilter, &r.read, Off)
	if e := k.set(fd, WriteFilter, &r.write, Off); err == nil {
		err = e
	}
	return err
}

// apply brings the filters in line with what is waited for and what is known. What holds
// for ever, the end of input and a failure, is reported by a level-triggered filter.
func (k *kqueue) apply(fd int, r *queueReg) error {
	read, write := Edge, Off
	if r.mode&Write != 0 {
		write = Level
	}
	switch {
	case r.mode&Read != 0 || r.eof && r.mode&Hangup != 0 || r.failed && write == Off:
		read = Level
	case write == Level && r.mode&Hangup == 0:
		read = Off // the write filter tells of errors
	}
	if err := k.set(fd, WriteFilter, &r.write, write); err != nil {
		return err
	}
	return k.set(fd, ReadFilter, &r.read, read)
}

// set moves one filter. Each change is a call of its own: macOS has been seen to refuse
// some pairs, and the error of a pair does not say which one failed.
func (k *kqueue) set(fd int, f Filter, now *Trigger, want Trigger) error {
	if *now == want {
		return nil
	}
	if *now != Off {
		*now = Off
		// A filter that is gone by itself is as good as one taken off.
		if err := k.queue.Set(fd, f, Off); err != nil && err != unix.ENOENT {
			return err
		}
	}
	if want != Off {
		if err := k.queue.Set(fd, f, want); err != nil {
			return err
		}
		*now = want
	}
	return nil
}

func (k *kqueue) Wait(events []Event, until time.Time) (int, error) {
	got, err := k.queue.Wait(k.events[:min(queueBatch, len(events))], timeout(until))
	if err == unix.EINTR {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("poll: kevent: %w", err)
	}
	n := 0
	for i := range got {
		ev := &k.events[i]
		switch r := k.reg(ev.FD); {
		case ev.Filter == WakeFilter:
		case k.pipe != nil && ev.FD == k.pipe.r:
			k.pipe.drain()
		case r != nil:
			n = k.report(r, ev, events, n)
		}
	}
	for i := range got {
		if r := k.reg(k.events[i].FD); r != nil {
			r.place = 0
		}
	}
	return n, nil
}

// longest is the most that is asked of a kernel: some refuse what they take for nonsense.
const longest = 24 * time.Hour

// timeout returns how long a wait may last. Negative means without limit.
func timeout(until time.Time) time.Duration {
	switch {
	case until.IsZero():
		return -1
	case until == DontWait:
		return 0
	}
	return min(max(0, time.Until(until)), longest)
}

// report adds an event to the n there are, or merges it with that of the other filter.
func (k *kqueue) report(r *queueReg, ev *QueueEvent, events []Event, n int) int {
	m := k.learn(r, ev)
	if m == 0 {
		return n
	}
	if r.place == 0 {
		events[n] = Event{Token: r.token}
		n++
		r.place = int32(n)
	}
	events[r.place-1].Ready |= m
	return n
}

// learn returns what an event of a filter says of its descriptor, and notes what holds
// for ever.
func (k *kqueue) learn(r *queueReg, ev *QueueEvent) Mode {
	m := Read
	if ev.Filter == WriteFilter {
		m = Write
	}
	if ev.EOF {
		if ev.Filter == ReadFilter {
			// Bytes may be left: this is a hangup and not a failure.
			r.eof = true
			m |= Hangup
		}
		// Nothing can be written any more: a connection refused, or a reader gone. After
		// CloseWrite this is no news.
		if ev.Failed || ev.Filter == WriteFilter && !r.ended {
			r.failed = true
		}
		k.settle(ev.FD, r)
	}
	m &= r.mode
	if r.failed {
		m |= Error | Read | Write
	}
	return m
}

// settle follows what was learned. Its errors are those of a descriptor that is no more.
func (k *kqueue) settle(fd int, r *queueReg) {
	if r.eof && r.ended {
		r.failed = true
	}
	k.apply(fd, r)
}

func (k *kqueue) Wake() error {
	if k.pipe != nil {
		return k.pipe.wake()
	}
	return k.queue.Trigger()
}

func (k *kqueue) Files() Files { return &k.files }

func (k *kqueue) Close() error {
	if k.closed {
		return nil
	}
	k.closed = true
	if k.pipe != nil {
		k.pipe.close()
	}
	return k.queue.Close()
}

// queueFiles tells the poller when a direction was closed by this side, which the kernel
// reports as it does a failure.
type queueFiles struct {
	files
	kqueue *kqueue
}

func (f *queueFiles) CloseWrite(fd int) error {
	err := f.files.CloseWrite(fd)
	if r := f.kqueue.reg(fd); r != nil && err == nil {
		r.ended = true
		f.kqueue.settle(fd, r)
	}
	return err
}
