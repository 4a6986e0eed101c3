package stream

import (
	"io"
	"sync"

	"eddy/loop"
)

const (
	// viewLeast is the least that is worth a piece of its own: less is copied as fast.
	viewLeast = 2 << 10
	// viewsMost is how many pieces leave in one system call.
	viewsMost = 64
	// flushShare is how much is encrypted, or sent of a file, before others have their turn: the
	// disk may be slow, and the loop waits for it.
	flushShare = 256 << 10
)

// backlog is output that goes before Stream.out: pieces that were not copied, parts of files,
// and what was sent before and between them.
type backlog struct {
	pieces []piece
	size   int
	bufs   [viewsMost][]byte // for writev
}

var backlogs = sync.Pool{New: func() any { return new(backlog) }}

// piece is a buffer of the stream's own, somebody's bytes, or a part of a file.
type piece struct {
	buffer *loop.Buffer
	view   []byte
	file   File
	offset int64
	left   int // of the file
}

func (p *piece) bytes() []byte {
	if p.buffer != nil {
		return p.buffer.Bytes()
	}
	return p.view
}

// ahead returns the backlog, nil if there is none.
func (s *Stream) ahead() *backlog {
	if s.calls == nil {
		return nil
	}
	return s.calls.ahead
}

// SendView is Send for bytes that the stream refers to, and does not copy unless they are
// few: nobody may change them, ever, and many streams may send the same.
func (s *Stream) SendView(p []byte) {
	switch {
	case len(p) < viewLeast:
		s.SendBytes(p)
	case s.flags&(closed|ending|closing) == 0:
		s.queue(piece{view: p}, len(p))
	}
}

// queue adds a piece behind everything else.
func (s *Stream) queue(p piece, size int) {
	c := s.callState()
	if c.ahead == nil {
		c.ahead = backlogs.Get().(*backlog)
	}
	a := c.ahead
	if s.out != nil {
		a.pieces = append(a.pieces, piece{buffer: s.out})
		a.size += s.out.Len()
		s.out = nil
	}
	a.pieces = append(a.pieces, p)
	a.size += size
	s.addQueued(size)
	s.flushLater()
}

// gather returns the bytes in front of the output, up to a file or the end.
func (s *Stream) gather() (bufs [][]byte, size int) {
	a := s.calls.ahead
	bufs = a.bufs[:0]
	for i := range a.pieces {
		p := &a.pieces[i]
		if p.file != nil || len(bufs) == viewsMost {
			return bufs, size
		}
		bufs = append(bufs, p.bytes())
		size += len(p.bytes())
	}
	if s.out != nil && len(bufs) < viewsMost {
		bufs = append(bufs, s.out.Bytes())
		size += s.out.Len()
	}
	return bufs, size
}

// consume drops the first n bytes of the output.
func (s *Stream) consume(n int) {
	if a := s.ahead(); a != nil {
		if n = a.consume(n, s.loop); len(a.pieces) == 0 {
			s.dropAhead(a)
		}
	}
	if n > 0 {
		s.out.Discard(n)
		if s.out.Len() == 0 {
			s.loop.PutBuffer(s.out)
			s.out = nil
		}
	}
}

// consume returns how many of the n bytes are beyond the backlog.
func (a *backlog) consume(n int, l *loop.Loop) int {
	done := 0
	for done < len(a.pieces) {
		p := &a.pieces[done]
		size := len(p.bytes()) + p.left
		k := min(n, size)
		n -= k
		a.size -= k
		if k < size {
			p.discard(k)
			break
		}
		if p.buffer != nil {
			l.PutBuffer(p.buffer)
		}
		done++
	}
	rest := copy(a.pieces, a.pieces[done:])
	clear(a.pieces[rest:])
	a.pieces = a.pieces[:rest]
	return n
}

func (p *piece) discard(n int) {
	switch {
	case p.buffer != nil:
		p.buffer.Discard(n)
	case p.file != nil:
		p.offset += int64(n)
		p.left -= n
	default:
		p.view = p.view[n:]
	}
}

// front returns at most n bytes of the output, for TLS to encrypt. Those of a file are read
// into a buffer, which goes back to the loop.
func (s *Stream) front(n int) (p []byte, read *loop.Buffer, err error) {
	a := s.ahead()
	if a == nil {
		p = s.out.Bytes()
		return p[:min(n, len(p))], nil, nil
	}
	first := &a.pieces[0]
	if first.file == nil {
		p = first.bytes()
		return p[:min(n, len(p))], nil, nil
	}
	read = s.loop.GetBuffer()
	n = min(n, first.left)
	k, err := first.file.ReadAt(read.Space(n)[:n], first.offset)
	read.Extend(k)
	if k == 0 {
		s.loop.PutBuffer(read)
		return nil, nil, fileError(err)
	}
	return read.Bytes(), read, nil
}

// fileError is what it means that there is nothing to send of a file.
func fileError(err error) error {
	if err == nil || err == io.EOF {
		return io.ErrUnexpectedEOF // it has become shorter
	}
	return err
}

// dropAhead gives the backlog back, with all that is in it.
func (s *Stream) dropAhead(a *backlog) {
	for _, p := range a.pieces {
		if p.buffer != nil {
			s.loop.PutBuffer(p.buffer)
		}
	}
	clear(a.pieces)
	clear(a.bufs[:])
	a.pieces, a.size = a.pieces[:0], 0
	s.calls.ahead = nil
	if cap(a.pieces) <= viewsMost {
		backlogs.Put(a)
	}
}
