package stream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"regexp"
)

const (
	leastRoom = 4 << 10
	mostRoom  = 64 << 10 // more in one system call gains nothing
)

// need is what one read waits for.
type need struct {
	limit int                // the most bytes it may take; 0: MaxRead
	find  func(p []byte) int // how many bytes of the unread ones satisfy it, -1: none yet
	take  func(p []byte)     // gets those bytes, which are the stream's
	size  int                // how many bytes it would like, if that is known
	keep  bool               // they stay unread
	slow  bool               // find looks at everything, so it is called when that has doubled
}

// read does one read, with the loop held.
func (s *Stream) read(ctx context.Context, n need) error {
	return s.exclusive(ctx, func(ctx context.Context) error { return s.get(ctx, n) })
}

// exclusive runs f with the loop held, as the only read.
func (s *Stream) exclusive(ctx context.Context, f func(context.Context) error) error {
	return s.loop.Do(ctx, func(ctx context.Context) error {
		c := s.callState()
		if c.reading {
			return ErrReading
		}
		c.reading = true
		defer func() { c.reading = false }()
		return f(ctx)
	})
}

// SetMaxRead bounds what one ReadUntil, ReadUntilRegexp, ReadBytes, Peek or ReadUntilClose
// collects, unless the call says otherwise. Zero means DefaultMaxRead.
func (s *Stream) SetMaxRead(n int) {
	if n <= 0 {
		n = DefaultMaxRead
	}
	s.callState().maxRead = n
}

func (s *Stream) get(ctx context.Context, n need) error {
	if n.limit <= 0 {
		n.limit = s.calls.maxRead
	}
	if err := s.chargeRead(ctx, 0); err != nil {
		return err
	}
	for {
		if done, err := s.satisfy(n); done || err != nil {
			return err
		}
		least := 1
		if n.slow {
			least = min(len(s.Unread()), n.limit-len(s.Unread()))
		}
		if err := s.more(ctx, s.room(n), least); err != nil {
			if err == io.EOF && len(s.Unread()) > 0 {
				return io.ErrUnexpectedEOF
			}
			return err
		}
	}
}

// room returns how much to read at once: what is missing, or else as much as there is
// already.
func (s *Stream) room(n need) int {
	want := len(s.Unread())
	if n.size > 0 {
		want = n.size - want
	}
	return min(max(want, leastRoom), mostRoom)
}

func (s *Stream) satisfy(n need) (bool, error) {
	p := s.Unread()
	k := n.find(p)
	if k > n.limit || k < 0 && len(p) >= n.limit {
		s.close(ErrTooLong)
		return false, ErrTooLong
	}
	if k < 0 {
		return false, nil
	}
	n.take(p[:k])
	if !n.keep {
		s.Discard(k)
	}
	return true, nil
}

// ReadUntil returns the bytes up to the first delim, and delim itself. If its end lies
// beyond limit bytes, the call fails with ErrTooLong and the stream is closed; what is
// buffered behind the match does not count. A limit of zero means MaxRead. At the end of
// the stream it fails with io.EOF, or with io.ErrUnexpectedEOF if something is left,
// which Read returns. Any goroutine.
func (s *Stream) ReadUntil(ctx context.Context, delim []byte, limit int) (line []byte, err error) {
	scanned := 0 // no delimiter begins before this
	err = s.read(ctx, need{limit: limit, find: func(p []byte) int {
		if i := bytes.Index(p[scanned:], delim); i >= 0 {
			return scanned + i + len(delim)
		}
		scanned = max(scanned, len(p)-len(delim)+1)
		return -1
	}, take: func(p []byte) { line = bytes.Clone(p) }})
	return line, err
}

// ReadUntilRegexp is ReadUntil for the end of the first match of re. It looks for one when
// the bytes have doubled, and when no more can be had at once: a match at their very end that
// more bytes could prolong ends there. As each search begins anew, limit should be small
// where the peer is not trusted. Any goroutine.
func (s *Stream) ReadUntilRegexp(ctx context.Context, re *regexp.Regexp, limit int) (text []byte, err error) {
	err = s.read(ctx, need{limit: limit, slow: true, find: func(p []byte) int {
		if loc := re.FindIndex(p); loc != nil {
			return loc[1]
		}
		return -1
	}, take: func(p []byte) { text = bytes.Clone(p) }})
	return text, err
}

// ReadBytes returns exactly n bytes. It fails as ReadUntil does, and at once if n is more
// than MaxRead. Any goroutine.
func (s *Stream) ReadBytes(ctx context.Context, n int) (data []byte, err error) {
	return s.readBytes(ctx, n, false)
}

// Peek is ReadBytes, but leaves the bytes for the next read. Any goroutine.
func (s *Stream) Peek(ctx context.Context, n int) (data []byte, err error) {
	return s.readBytes(ctx, n, true)
}

func (s *Stream) readBytes(ctx context.Context, n int, keep bool) (data []byte, err error) {
	if n < 0 {
		panic("stream: negative count")
	}
	err = s.read(ctx, need{size: n, keep: keep, find: func(p []byte) int {
		if len(p) >= n || n > s.calls.maxRead {
			return n
		}
		return -1
	}, take: func(p []byte) { data = bytes.Clone(p) }})
	return data, err
}

// ReadSome returns what there is: one byte or more, and n at most. Unlike Read it needs no
// memory while it waits. At the end of the stream it returns io.EOF. Any goroutine.
func (s *Stream) ReadSome(ctx context.Context, n int) (data []byte, err error) {
	if n <= 0 {
		panic("stream: count is not positive")
	}
	err = s.read(ctx, some(n, func(p []byte) { data = bytes.Clone(p) }))
	return data, err
}

// Read reads what there is, one byte or more, into p. At the end of the stream it returns
// io.EOF. Any goroutine.
func (s *Stream) Read(ctx context.Context, p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	err = s.read(ctx, some(len(p), func(u []byte) { n = copy(p, u) }))
	return n, err
}

// some is the need for one byte or more, and most at most.
func some(most int, take func([]byte)) need {
	return need{limit: most, size: most, take: take, find: func(p []byte) int {
		if len(p) == 0 {
			return -1
		}
		return min(len(p), most)
	}}
}

// ReadFull fills p, piece by piece: MaxRead is no limit to it. If it fails, n bytes were
// read and are in p: with io.EOF there were none before the end of the stream, with
// io.ErrUnexpectedEOF too few. Any goroutine.
func (s *Stream) ReadFull(ctx context.Context, p []byte) (n int, err error) {
	err = s.exclusive(ctx, func(ctx context.Context) error {
		for n < len(p) {
			err := s.get(ctx, some(len(p)-n, func(u []byte) { n += copy(p[n:], u) }))
			if err == io.EOF && n > 0 {
				return io.ErrUnexpectedEOF
			} else if err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

// ReadUntilClose returns everything up to the end of the stream, or what is left of it if
// it was closed before. If the stream has failed it returns both: what came before, and the
// error. More than limit bytes (zero: MaxRead) are ErrTooLong, and the stream is closed; for
// a stream of any length see [Stream.Reader]. Any goroutine.
func (s *Stream) ReadUntilClose(ctx context.Context, limit int) (data []byte, err error) {
	err = s.exclusive(ctx, func(ctx context.Context) error {
		if limit <= 0 {
			limit = s.calls.maxRead
		}
		none := func([]byte) int { return -1 }
		err := s.get(ctx, need{limit: min(limit, math.MaxInt-1) + 1, find: none})
		if err != io.EOF && err != io.ErrUnexpectedEOF && !errors.Is(err, ErrClosed) {
			return err
		}
		data = bytes.Clone(s.Unread())
		s.Discard(len(data))
		if err == io.EOF || err == io.ErrUnexpectedEOF || err == ErrClosed {
			return nil // the end, or closed in order
		}
		return err
	})
	return data, err
}
