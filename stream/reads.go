package stream

import (
	"context"
	"regexp"
)

// ReadUntil returns the bytes up to the first delim, and delim itself. If its end lies
// beyond limit bytes, the call fails with ErrTooLong and the stream is closed; what is
// buffered behind the match does not count. A limit of zero means MaxRead. At the end of
// the stream it fails with io.EOF, or with io.ErrUnexpectedEOF if something is left,
// which Read returns. Any goroutine.
func (s *Stream) ReadUntil(ctx context.Context, delim []byte, limit int) (line []byte, err error) {
	line, _, err = s.read(ctx, need{what: delimiter, delim: delim, limit: limit})
	return line, err
}

// ReadUntilRegexp is ReadUntil for the end of the first match of re. It looks for one when
// the bytes have doubled, and when no more can be had at once: a match at their very end that
// more bytes could prolong ends there. As each search begins anew, limit should be small
// where the peer is not trusted. Any goroutine.
func (s *Stream) ReadUntilRegexp(ctx context.Context, re *regexp.Regexp, limit int) (text []byte, err error) {
	text, _, err = s.read(ctx, need{what: pattern, re: re, limit: limit})
	return text, err
}

// ReadBytes returns exactly n bytes, which must not be negative. It fails as ReadUntil does,
// and at once if n is more than MaxRead. Any goroutine.
func (s *Stream) ReadBytes(ctx context.Context, n int) (data []byte, err error) {
	if n < 0 {
		panic("stream: negative count")
	}
	data, _, err = s.read(ctx, need{what: exactly, n: n})
	return data, err
}

// Peek is ReadBytes, but leaves the bytes for the next read. Any goroutine.
func (s *Stream) Peek(ctx context.Context, n int) (data []byte, err error) {
	if n < 0 {
		panic("stream: negative count")
	}
	data, _, err = s.read(ctx, need{what: exactly, n: n, keep: true})
	return data, err
}

// ReadSome returns what there is: one byte or more, and n at most, which must be positive.
// Unlike Read it needs no memory while it waits. At the end of the stream it returns
// io.EOF. Any goroutine.
func (s *Stream) ReadSome(ctx context.Context, n int) (data []byte, err error) {
	if n <= 0 {
		panic("stream: count is not positive")
	}
	data, _, err = s.read(ctx, need{what: some, n: n, limit: n})
	return data, err
}

// Read reads what there is, one byte or more, into p. At the end of the stream it returns
// io.EOF. Any goroutine.
func (s *Stream) Read(ctx context.Context, p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	_, n, err = s.read(ctx, need{what: some, n: len(p), limit: len(p), dst: p})
	return n, err
}

// ReadFull fills p, piece by piece: MaxRead is no limit to it. If it fails, n bytes were
// read and are in p: with io.EOF there were none before the end of the stream, with
// io.ErrUnexpectedEOF too few. Any goroutine.
func (s *Stream) ReadFull(ctx context.Context, p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	_, n, err = s.read(ctx, need{what: full, n: len(p), dst: p})
	return n, err
}

// ReadUntilClose returns everything up to the end of the stream, or what is left of it if
// it was closed before. If the stream has failed it returns both: what came before, and the
// error. More than limit bytes (zero: MaxRead) are ErrTooLong, and the stream is closed; for
// a stream of any length see [Stream.Reader]. Any goroutine.
func (s *Stream) ReadUntilClose(ctx context.Context, limit int) (data []byte, err error) {
	data, _, err = s.read(ctx, need{what: rest, limit: limit})
	return data, err
}
