package coding

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"eddy/httputil"
)

// A Reader is a body as it was before it was coded; of several codings each has one, which reads
// from the next.
//
// Its errors are httputil.ErrBodyTooLarge beyond the limit, with as many bytes delivered as that
// allows; httputil.ErrBodyMalformed, which wraps the fault, io.ErrUnexpectedEOF if the data is cut
// short; and the body's own, before any other. They stay. Bytes behind the data are a fault, too:
// browsers pass over them, curl and net/http do not, and what is before them has been delivered.
//
// Read is for one goroutine at a time, and so are SetMaxBody and SetBodyTimeout. Close and Stop may
// be called by any, at any time.
//
// The codec is recycled, so it must be given back when nobody uses it: at the end of the data, by
// Close or by Stop, or else by the Read that is under way then. mu does not cover reading, which may
// wait.
type Reader struct {
	pool   *Pool
	format format
	strict bool
	within bool    // a member has begun
	open   Decoder // of an extra format
	limit  int64   // of made, negative for none
	made   int64   // bytes that came out
	from   source
	count  int // members that have begun
	empty  int // and those that gave nothing
	start  int64

	mu    sync.Mutex
	in    *bufio.Reader // nil until it is needed, and when it was given back
	codec codec         // likewise
	used  format        // of codec
	busy  bool          // a Read is under way
	err   error         // what every further Read returns
}

// maxEmpty bounds the members of gzip's format that hold nothing. Files that were joined have one
// or two.
const maxEmpty = 64

var (
	errClosed      = errors.New("coding: read of a closed body")
	errNoLimits    = fmt.Errorf("coding: no limit can be set for this body: %w", errors.ErrUnsupported)
	errTwoReaders  = errors.New("coding: the body is being read already")
	errTrailing    = errors.New("bytes behind the compressed data")
	errEmptyPieces = errors.New("too many empty members")
)

// SetMaxBody bounds what comes out. What comes in may be a little longer, as data is that cannot be
// compressed.
func (r *Reader) SetMaxBody(n int64) error {
	r.limit = n
	inner, ok := r.from.body.(interface{ SetMaxBody(int64) error })
	if !ok {
		return errNoLimits
	}
	return inner.SetMaxBody(widened(n))
}

// SetBodyTimeout is what the body itself makes of it.
func (r *Reader) SetBodyTimeout(d time.Duration) error {
	inner, ok := r.from.body.(interface {
		SetBodyTimeout(time.Duration) error
	})
	if !ok {
		return errNoLimits
	}
	return inner.SetBodyTimeout(d)
}

// Read implements io.Reader.
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := r.enter(); err != nil {
		return 0, err
	}
	n, err := r.read(p)
	r.leave(err)
	return n, err
}

// Close makes further reads fail, and closes the body.
func (r *Reader) Close() error {
	r.Stop(errClosed)
	return r.from.body.Close()
}

// Stop makes further reads fail with err, unless they fail already. It leaves the body open.
func (r *Reader) Stop(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail(err)
}

func (r *Reader) enter() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.err != nil:
		return r.err
	case r.busy:
		return errTwoReaders
	}
	r.busy = true
	return nil
}

func (r *Reader) leave(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy = false
	r.fail(err)
}

// fail makes err, if there is one, what further reads return, and gives back what is not needed any
// more. The caller holds mu.
func (r *Reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	if r.err == nil {
		return
	}
	if next, ok := r.from.body.(*Reader); ok {
		next.Stop(r.err)
	}
	if !r.busy {
		r.giveBack()
	}
}

func (r *Reader) giveBack() {
	if r.codec != nil {
		r.codec.end()
		if r.used != extraFormat {
			r.pool.codecs[r.used].Put(r.codec)
		}
		r.codec = nil
	}
	if r.in != nil && r.format != extraFormat {
		r.in.Reset(nil)
		r.pool.inputs.Put(r.in)
	}
	r.in = nil
}

func (r *Reader) read(p []byte) (int, error) {
	switch left := r.limit - r.made; {
	case r.limit < 0:
	case left < 0: // the limit was lowered
		return 0, httputil.ErrBodyTooLarge
	case left < int64(len(p)):
		p = p[:left+1] // one more, to see that it is too long
	}
	for {
		if !r.within {
			if err := r.next(); err != nil {
				return 0, err
			}
		}
		n, err := r.codec.Read(p)
		r.made += int64(n)
		if err == io.EOF {
			r.within, err = false, nil
		}
		switch {
		case r.limit >= 0 && r.made > r.limit:
			return n - 1, httputil.ErrBodyTooLarge
		case err != nil:
			return n, r.fault(err)
		case n > 0:
			return n, nil
		}
	}
}

// next goes on with the next of gzip's members, of which there may be several, or with the only
// one of other formats. Its error is io.EOF at the body's end.
func (r *Reader) next() error {
	if r.in == nil {
		r.takeInput()
	}
	if r.count > 0 && r.made == r.start {
		r.empty++
	}
	if r.count > 0 || !r.strict {
		switch _, err := r.in.Peek(1); {
		case err == io.EOF:
			return io.EOF
		case err != nil:
			return r.fault(err)
		case r.count > 0 && r.format != gzipFormat:
			return r.fault(errTrailing)
		case r.empty > maxEmpty:
			return r.fault(errEmptyPieces)
		}
	}
	if r.codec == nil {
		r.takeCodec()
	}
	r.count++
	r.start = r.made
	if err := r.codec.begin(r.in); err != nil {
		return r.fault(err)
	}
	r.within = true
	return nil
}

func (r *Reader) takeInput() {
	if r.format == extraFormat {
		r.in = bufio.NewReader(&r.from)
		return
	}
	r.in = r.pool.input(&r.from)
}

func (r *Reader) takeCodec() {
	r.used = r.format
	switch r.format {
	case extraFormat:
		r.codec = &extraCodec{open: r.open}
		return
	case deflateFormat:
		r.used = deflateIn(r.in)
	}
	r.codec = r.pool.codec(r.used)
}

// fault returns what the reader sees of an error: that of the body itself if it has one.
func (r *Reader) fault(err error) error {
	if r.from.err != nil && r.from.err != io.EOF {
		return r.from.err
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%w: %w", httputil.ErrBodyMalformed, err)
}

// source is a body on its way to a codec. It keeps the error, which a decompressor may turn into one
// of its own, or take for the end.
type source struct {
	body io.ReadCloser
	err  error
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.body.Read(p)
	s.err = err
	return n, err
}
