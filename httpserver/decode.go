package httpserver

import (
	"bufio"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"time"

	"eddy/httputil"
)

// decoding is a handler in front of another, for which it decodes bodies.
type decoding struct {
	next  httputil.Handler
	limit int64 // of what comes out, negative for none
}

// The field that tells handlers what was decoded is Tornado's.
const (
	contentEncoding  = "Content-Encoding"
	consumedEncoding = "X-Consumed-Content-Encoding"
)

// ServeRequest implements httputil.Handler.
func (d *decoding) ServeRequest(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
	r.Header.Del(consumedEncoding) // a client has no say in this
	if coding := codingOf(r); coding != identity {
		b := &decodedBody{coding: coding, from: source{body: r.Body}, limit: d.limit}
		defer b.end()
		was := r.Header.Get(contentEncoding)
		r.Header.Del(contentEncoding)
		r.Header.Append(consumedEncoding, was)
		r.Header.Del("Content-Length")
		r.Body, r.ContentLength = b, -1
	}
	d.next.ServeRequest(ctx, w, r)
}

type coding uint8

const (
	identity coding = iota // or one that is left to the handler
	gzipped
	deflated
	codings
)

// codingOf returns how the body is to be decoded. A second coding would multiply what a body can
// grow to, and nobody uses one.
func codingOf(r *httputil.Request) coding {
	found, value := 0, ""
	for _, f := range r.Header.Fields() {
		if strings.EqualFold(f.Name, contentEncoding) {
			found, value = found+1, f.Value
		}
	}
	if found != 1 || r.ContentLength == 0 {
		return identity
	}
	switch strings.ToLower(httputil.TrimOWS(value)) {
	case "gzip", "x-gzip": // RFC 9110 §8.4.1.3
		return gzipped
	case "deflate": // in the format of zlib: RFC 9110 §8.4.1.2
		return deflated
	}
	return identity
}

// decodedBody is a body as it was before it was compressed. It reads from the client only as the
// handler reads from it.
//
// The codec is recycled, so it must be given back when nobody uses it: at the end of the body
// or of the request, or else by the Read that is under way then. mu does not cover reading, which
// may wait.
type decodedBody struct {
	coding coding
	limit  int64
	made   int64 // bytes that came out
	from   source
	within bool // a member has begun
	count  int  // members that have begun
	empty  int  // and those that gave nothing
	start  int64

	mu    sync.Mutex
	codec *codec // nil until it is needed, and when it was given back
	busy  bool   // a Read is under way
	err   error  // what every further Read returns
}

// maxEmpty bounds the members of gzip's format that hold nothing. Files that were joined have one
// or two.
const maxEmpty = 64

var (
	errNoLimits    = fmt.Errorf("httpserver: no limit can be set for this body: %w", errors.ErrUnsupported)
	errTwoReaders  = errors.New("httpserver: the body is being read already")
	errTrailing    = errors.New("bytes behind the compressed data")
	errEmptyPieces = errors.New("too many empty members")
)

// SetMaxBody bounds what comes out, for this request. What comes in may be a little longer, as data
// is that cannot be compressed.
func (b *decodedBody) SetMaxBody(n int64) error {
	b.limit = n
	inner, ok := b.from.body.(interface{ SetMaxBody(int64) error })
	if !ok {
		return errNoLimits
	}
	if n >= 0 {
		n += min(n/1024+1024, math.MaxInt64-n)
	}
	return inner.SetMaxBody(n)
}

// SetBodyTimeout is what the body itself makes of it.
func (b *decodedBody) SetBodyTimeout(d time.Duration) error {
	inner, ok := b.from.body.(interface {
		SetBodyTimeout(time.Duration) error
	})
	if !ok {
		return errNoLimits
	}
	return inner.SetBodyTimeout(d)
}

// Read implements io.Reader.
func (b *decodedBody) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c, err := b.enter()
	if err != nil {
		return 0, err
	}
	n, err := b.read(c, p)
	b.leave(err)
	return n, err
}

// Close makes further reads fail.
func (b *decodedBody) Close() error {
	b.stop(errBodyClosed)
	return b.from.body.Close()
}

// end is called at the end of the request.
func (b *decodedBody) end() { b.stop(httputil.ErrFinished) }

func (b *decodedBody) enter() (*codec, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.err != nil:
		return nil, b.err
	case b.busy:
		return nil, errTwoReaders
	case b.codec == nil:
		b.codec = getCodec(b.coding, &b.from)
	}
	b.busy = true
	return b.codec, nil
}

func (b *decodedBody) leave(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy = false
	if b.err == nil {
		b.err = err
	}
	b.giveBack()
}

func (b *decodedBody) stop(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = err
	}
	b.giveBack()
}

// giveBack returns the codec if it is not needed any more. The caller holds mu.
func (b *decodedBody) giveBack() {
	if b.err != nil && !b.busy && b.codec != nil {
		putCodec(b.coding, b.codec)
		b.codec = nil
	}
}

func (b *decodedBody) read(c *codec, p []byte) (int, error) {
	switch left := b.limit - b.made; {
	case b.limit < 0:
	case left < 0: // the limit was lowered
		return 0, httputil.ErrBodyTooLarge
	case left < int64(len(p)):
		p = p[:left+1] // one more, to see that it is too long
	}
	for {
		if !b.within {
			if err := b.nextMember(c); err != nil {
				return 0, err
			}
		}
		n, err := c.out.Read(p)
		b.made += int64(n)
		if err == io.EOF {
			b.within, err = false, nil
		}
		switch {
		case b.limit >= 0 && b.made > b.limit:
			return n - 1, httputil.ErrBodyTooLarge
		case err != nil:
			return n, b.fault(err)
		case n > 0:
			return n, nil
		}
	}
}

// nextMember goes on with the next of gzip's members, of which there may be several. Its error is
// io.EOF at the body's end.
func (b *decodedBody) nextMember(c *codec) error {
	if b.count > 0 {
		if b.made == b.start {
			b.empty++
		}
		switch _, err := c.in.Peek(1); {
		case err == io.EOF:
			return io.EOF
		case err != nil:
			return b.fault(err)
		case b.coding != gzipped:
			return b.fault(errTrailing)
		case b.empty > maxEmpty:
			return b.fault(errEmptyPieces)
		}
	}
	b.count++
	b.start = b.made
	if err := c.begin(b.coding); err != nil {
		return b.fault(err)
	}
	b.within = true
	return nil
}

// fault returns what the handler sees of an error: that of the body itself if it has one.
func (b *decodedBody) fault(err error) error {
	if b.from.err != nil && b.from.err != io.EOF {
		return b.from.err
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%w: %w", httputil.ErrBodyMalformed, err)
}

// source is a body on its way to a codec. It keeps the error, which a decompressor may turn into one
// of its own.
type source struct {
	body io.ReadCloser
	err  error
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.body.Read(p)
	if err != nil {
		s.err = err
	}
	return n, err
}

// codec is a decompressor, which is some 44 KB large. No handler ever holds one.
type codec struct {
	in  *bufio.Reader
	out io.Reader // a *gzip.Reader or zlib's; nil before its first member
}

var pools [codings]sync.Pool // of *codec

func getCodec(kind coding, from io.Reader) *codec {
	c, ok := pools[kind].Get().(*codec)
	if !ok {
		c = &codec{in: bufio.NewReader(nil)}
	}
	c.in.Reset(from)
	return c
}

func putCodec(kind coding, c *codec) {
	c.in.Reset(nil)
	if z, ok := c.out.(*gzip.Reader); ok {
		z.Header = gzip.Header{} // what the client has put there may be long
	}
	pools[kind].Put(c)
}

// begin reads the head of a member.
func (c *codec) begin(kind coding) error {
	if kind == gzipped {
		z, ok := c.out.(*gzip.Reader)
		if !ok {
			z = new(gzip.Reader)
			c.out = z
		}
		if err := z.Reset(c.in); err != nil {
			return err
		}
		z.Multistream(false)
		return nil
	}
	if z, ok := c.out.(zlib.Resetter); ok {
		return z.Reset(c.in, nil)
	}
	z, err := zlib.NewReader(c.in)
	if err == nil {
		c.out = z
	}
	return err
}
