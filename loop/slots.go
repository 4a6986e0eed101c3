package loop

import "eddy/internal/poll"

// Ready is a set of conditions of a descriptor.
type Ready = poll.Mode

// The conditions of a descriptor; see internal/poll for their exact meaning.
const (
	Read   = poll.Read   // a read would not block
	Write  = poll.Write  // a write would not block
	Hangup = poll.Hangup // the peer sends no more
	Error  = poll.Error  // the descriptor has failed; always reported
)

// Handler is told what happens to a descriptor. Its methods run on the loop. If one of
// them panics, or calls runtime.Goexit, the log tells, and the handler is dismissed: the
// registration is removed and HandleLoopClose called. The loop and the other handlers go on.
type Handler interface {
	// HandleReady is called while the descriptor is ready for something that is waited
	// for, in every turn until it is dealt with (level-triggered).
	HandleReady(Ready)
	// HandleDeadline is called once when the deadline of [Loop.SetDeadline] has passed.
	HandleDeadline()
	// HandleLoopClose is called once, to release the descriptor, when the loop is closed
	// ([Loop.Closed] is true then) or the handler is dismissed. It is not registered any more.
	HandleLoopClose()
}

// ID names a registration: a slot and its generation, so that an event that comes late
// reaches nobody. The zero ID names nothing.
type ID uint64

func makeID(index, generation uint32) ID { return ID(generation)<<32 | ID(index) }
func (id ID) index() uint32              { return uint32(id) }
func (id ID) generation() uint32         { return uint32(id >> 32) }

// slot is one registration. It stands in for a timer object and a map entry of every
// connection, so each byte counts.
type slot struct {
	handler    Handler // nil: the slot is free
	fd         int32
	generation uint32 // of the present or, if free, the next registration; never 0
	next, prev uint32 // neighbours in a bucket of the wheel, or the next free slot; index + 1
	deadline   uint32 // tick, 0: none
	queued     uint32 // the tick in whose bucket the slot is, 0: in none
}

const slotChunk = 256

// slots is a slab that grows by chunks: registrations keep their place in memory, and
// growing copies nothing.
type slots struct {
	chunks []*[slotChunk]slot
	free   uint32 // index + 1
	used   int
}

func (s *slots) at(index uint32) *slot {
	return &s.chunks[index/slotChunk][index%slotChunk]
}

// get returns the slot of a registration that is still alive, or nil.
func (s *slots) get(id ID) *slot {
	i := id.index()
	if int(i/slotChunk) >= len(s.chunks) {
		return nil
	}
	if p := s.at(i); p.generation == id.generation() && p.handler != nil {
		return p
	}
	return nil
}

func (s *slots) take() (uint32, *slot) {
	if s.free == 0 {
		chunk := new([slotChunk]slot)
		first := uint32(len(s.chunks)) * slotChunk
		s.chunks = append(s.chunks, chunk)
		for i := range chunk {
			chunk[i].generation = 1
			if i+1 < slotChunk {
				chunk[i].next = first + uint32(i) + 2
			}
		}
		s.free = first + 1
	}
	i := s.free - 1
	p := s.at(i)
	s.free, p.next = p.next, 0
	s.used++
	return i, p
}

func (s *slots) release(index uint32, p *slot) {
	generation := p.generation + 1
	if generation == 0 {
		generation = 1
	}
	*p = slot{generation: generation, next: s.free}
	s.free = index + 1
	s.used--
}

// AddHandler starts to watch fd, which must be non-blocking. A descriptor can be
// registered once. Errors are the system's ([syscall.Errno]): EEXIST for a descriptor that is
// registered already, EPERM on Linux for one that cannot be waited for, such as a plain file's.
//
// The descriptor of a value that owns one, such as *net.TCPConn or *os.File, comes from its
// SyscallConn().Control, and not from File.Fd, which may make it blocking. The handler keeps
// the value alive, and is removed before the value is closed.
func (l *Loop) AddHandler(fd int, h Handler, want Ready) (ID, error) {
	if h == nil {
		panic("loop: nil handler")
	}
	i, p := l.slots.take()
	id := makeID(i, p.generation)
	if err := l.poller.Add(fd, uint64(id), want); err != nil {
		l.slots.release(i, p)
		return 0, err
	}
	p.handler, p.fd = h, int32(fd)
	return id, nil
}

// UpdateHandler changes what is waited for. Zero waits for errors only.
func (l *Loop) UpdateHandler(id ID, want Ready) error {
	p := l.slots.get(id)
	if p == nil {
		return nil
	}
	return l.poller.Modify(int(p.fd), uint64(id), want)
}

// RemoveHandler stops watching; events of the same batch that are already pending are not
// delivered. It leaves the descriptor open. Removing an unknown ID does nothing.
func (l *Loop) RemoveHandler(id ID) {
	p := l.slots.get(id)
	if p == nil {
		return
	}
	l.poller.Remove(int(p.fd))
	if p.queued != 0 {
		l.wheel.unlink(&l.slots, id.index(), p)
	}
	l.slots.release(id.index(), p)
}

// Handlers calls f for every registered handler. f may remove it.
func (l *Loop) Handlers(f func(ID, Handler)) {
	for i := range uint32(len(l.slots.chunks)) * slotChunk {
		if p := l.slots.at(i); p.handler != nil {
			f(makeID(i, p.generation), p.handler)
		}
	}
}

// Descriptors returns how many descriptors are registered.
func (l *Loop) Descriptors() int { return l.slots.used }
