package stream

import (
	"bytes"
	"context"
	"io"
	"regexp"
)

// need is what one read waits for.
type need struct {
	limit int                // the most bytes it may take; 0: MaxRead
	find  func(p []byte) int // how many bytes of the unread ones satisfy it, -1: none yet
	take  func(p []byte)     // gets those bytes, which are the stream's
}

func (s *Stream) read(ctx context.Context, n need) error {
	return s.loop.Do(ctx, func(ctx context.Context) error {
		c := s.callState()
		if c.reading {
			return ErrReading
		}
		c.reading = true
		defer func() { c.reading = false }()
		if n.limit <= 0 {
			n.limit = c.maxRead
		}
		for {
			if done, err := s.satisfy(n); done || err != nil {
				return err
			}
			if err := s.WaitReadable(ctx, 4096); err != nil {
				if err == io.EOF && len(s.Unread()) > 0 {
					return io.ErrUnexpectedEOF
				}
				return err
			}
		}
	})
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
	s.Discard(k)
	return true, nil
}

// ReadUntil returns the bytes up to the first delim, and delim itself. If its end lies
// beyond limit bytes, the call fails with ErrTooLong and the stream is closed; what is
// buffered behind the match does not count. A limit of zero means MaxRead. At the end of
// the stream it fails with io.EOF, or with io.ErrUnexpectedEOF if something is left,
// which Read returns.
func (s *Stream) ReadUntil(ctx context.Context, delim []byte, limit int) (line []byte, err error) {
	scanned := 0 // no delimiter begins before this
	err = s.read(ctx, need{limit, func(p []byte) int {
		if i := bytes.Index(p[scanned:], delim); i >= 0 {
			return scanned + i + len(delim)
		}
		scanned = max(scanned, len(p)-len(delim)+1)
		return -1
	}, func(p []byte) { line = bytes.Clone(p) }})
	return line, err
}

// ReadUntilRegexp is ReadUntil for the end of the first match of re. With each arrival the
// search begins anew, so limit should be small where the peer is not trusted.
func (s *Stream) ReadUntilRegexp(ctx context.Context, re *regexp.Regexp, limit int) (text []byte, err error) {
	err = s.read(ctx, need{limit, func(p []byte) int {
		if loc := re.FindIndex(p); loc != nil {
			return loc[1]
		}
		return -1
	}, func(p []byte) { text = bytes.Clone(p) }})
	return text, err
}

// ReadBytes returns exactly n bytes. It fails as ReadUntil does, and at once if n is more
// than MaxRead.
func (s *Stream) ReadBytes(ctx context.Context, n int) (data []byte, err error) {
	err = s.read(ctx, need{0, func(p []byte) int {
		if len(p) >= n || n > s.calls.maxRead {
			return n
		}
		return -1
	}, func(p []byte) { data = bytes.Clone(p) }})
	return data, err
}

// Read reads what there is, one byte or more, into p. At the end of the stream it returns
// io.EOF.
func (s *Stream) Read(ctx context.Context, p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	err = s.read(ctx, need{len(p), func(u []byte) int {
		if len(u) == 0 {
			return -1
		}
		return min(len(u), len(p))
	}, func(u []byte) { n = copy(p, u) }})
	return n, err
}
