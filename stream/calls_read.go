package stream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"sync/atomic"

	"eddy/loop"
)

const (
	leastRoom = 4 << 10
	mostRoom  = 64 << 10 // more in one system call gains nothing
)

// need is one read: what it waits for, and its result. It is a value, so that a read in a
// coroutine makes no garbage.
type need struct {
	what    what
	limit   int     // the most bytes it may take; 0: MaxRead
	n       int     // exactly, some, full: how many
	delim   []byte  // delimiter
	scanned int     // no delimiter begins before this
	re      matcher // pattern
	keep    bool    // the bytes stay unread

	dst  []byte // some, full: where they go; nil: to data
	data []byte // the result
	got  int    // bytes in dst
}

type what uint8

const (
	delimiter what = iota
	pattern        // looks at everything again, so it is looked for when that has doubled
	exactly
	some
	full
	rest
)

// matcher is a regexp.Regexp.
type matcher interface{ FindIndex(p []byte) []int }

// find returns how many bytes of the unread ones satisfy the need, -1 for none yet.
func (n *need) find(p []byte) int {
	switch n.what {
	case delimiter:
		if i := bytes.Index(p[n.scanned:], n.delim); i >= 0 {
			return n.scanned + i + len(n.delim)
		}
		n.scanned = max(n.scanned, len(p)-len(n.delim)+1)
	case pattern:
		if loc := n.re.FindIndex(p); loc != nil {
			return loc[1]
		}
	case exactly:
		if len(p) >= n.n || n.n > n.limit {
			return n.n
		}
	case some, full:
		if len(p) > 0 {
			return min(len(p), n.n)
		}
	}
	return -1
}

func (n *need) take(p []byte) {
	if n.dst == nil {
		n.data = bytes.Clone(p)
		return
	}
	k := copy(n.dst[n.got:], p)
	n.got += k
	n.n -= k
}

// read does one read, with the loop held. Its first half is for coroutines that have it.
func (s *Stream) read(ctx context.Context, n need) (data []byte, got int, err error) {
	if co := s.hold(ctx); co != nil {
		defer co.Release()
		err = s.readHeld(ctx, &n)
		return n.data, n.got, err
	}
	return s.readElsewhere(ctx, n)
}

// hold returns the calling coroutine if it has the stream's loop, which it keeps until it
// calls Release.
func (s *Stream) hold(ctx context.Context) *loop.Coroutine {
	if co := loop.FromContext(ctx); co != nil && co.Loop() == s.loop && co.Hold() {
		return co
	}
	return nil
}

func (s *Stream) readElsewhere(ctx context.Context, n need) (data []byte, got int, err error) {
	var ended atomic.Bool // else the caller's own loop is being closed, and the read goes on
	err = s.loop.Do(ctx, func(ctx context.Context) error {
		defer ended.Store(true)
		return s.readHeld(ctx, &n)
	})
	if !ended.Load() {
		return nil, 0, err
	}
	return n.data, n.got, err
}

func (s *Stream) readHeld(ctx context.Context, n *need) error {
	c := s.callState()
	if c.reading {
		return ErrReading
	}
	c.reading = true
	defer func() { c.reading = false }()
	if n.limit <= 0 {
		n.limit, _ = c.limits()
	}
	switch n.what {
	case full:
		return s.fill(ctx, n)
	case rest:
		return s.takeAll(ctx, n)
	}
	return s.get(ctx, n)
}

// SetMaxRead bounds what one ReadUntil, ReadUntilRegexp, ReadBytes, Peek or ReadUntilClose
// collects, unless the call says otherwise. Zero means DefaultMaxRead.
func (s *Stream) SetMaxRead(n int) {
	if n <= 0 {
		n = DefaultMaxRead
	}
	s.extraState().maxRead = n
}

// get reads until the need is satisfied.
func (s *Stream) get(ctx context.Context, n *need) error {
	if err := s.chargeRead(ctx, 0); err != nil {
		return err
	}
	for {
		if done, err := s.satisfy(n); done || err != nil {
			return err
		}
		if s.in == nil && len(n.dst)-n.got >= leastRoom {
			return s.getInto(ctx, n)
		}
		least := 1
		if n.what == pattern {
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

// getInto is get for some or all of what fits, when nothing is unread and there is room for as much
// as a buffer of the stream's would hold.
func (s *Stream) getInto(ctx context.Context, n *need) error {
	for {
		k, err := s.fetchInto(n.dst[n.got:])
		n.got += k
		n.n -= k
		if !isAgain(err) {
			if err == nil {
				err = s.chargeRead(ctx, k)
			}
			return err
		}
		s.calls.share = fairShare
		if err := s.awaitRead(ctx); err != nil {
			return err
		}
		if s.in != nil { // it was closed, and the rest was kept
			return s.get(ctx, n)
		}
	}
}

// room returns how much to read at once: what is missing, or else as much as there is
// already.
func (s *Stream) room(n *need) int {
	want := len(s.Unread())
	if n.n > 0 {
		want = n.n - want
	}
	return min(max(want, leastRoom), mostRoom)
}

func (s *Stream) satisfy(n *need) (bool, error) {
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

// fill satisfies the need piece by piece.
func (s *Stream) fill(ctx context.Context, n *need) error {
	for n.n > 0 {
		n.limit = n.n
		if err := s.get(ctx, n); err == io.EOF && n.got > 0 {
			return io.ErrUnexpectedEOF
		} else if err != nil {
			return err
		}
	}
	return nil
}

// takeAll takes everything up to the end.
func (s *Stream) takeAll(ctx context.Context, n *need) error {
	n.limit = min(n.limit, math.MaxInt-1) + 1 // bytes there must not be
	err := s.get(ctx, n)
	if err != io.EOF && err != io.ErrUnexpectedEOF && !errors.Is(err, ErrClosed) {
		return err
	}
	n.take(s.Unread())
	s.Discard(len(n.data))
	if err == io.EOF || err == io.ErrUnexpectedEOF || err == ErrClosed {
		return nil // the end, or closed in order
	}
	return err
}
