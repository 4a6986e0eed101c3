package compress

import (
	"io"
	"strings"
	"sync"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"

	"eddy/httputil"
)

// A coding is one that is on offer.
type coding struct {
	name    string
	streams bool // it is one of those that stream knows
	// whole appends src, compressed, to dst. An error is an encoder's of the program.
	whole func(dst, src []byte) ([]byte, error)
}

// Compressor has what the responses of one handler or application share: options, and encoders to be used
// again. An encoder is out of its pool within one call only, and while that computes, not while it waits;
// so nobody who comes late finds one that is another's by now. Any goroutine.
type Compressor struct {
	codings []*coding // the best first
	types   func(string) bool
	minSize int64
	level   int

	// zstd's encoder holds a channel, which must not leave the bubble of testing/synctest that
	// it was made in: so there are no pools for all.
	flates sync.Pool // of *deflater
	zstds  sync.Pool // of *zstd.Encoder

	held pool // for what waits to be compressed, also while the handler waits for something else
	out  pool // for what was compressed, until the engine has it
}

// choose returns the coding for a body that is known as a whole, and that for a stream; nil stands for
// none. list is Accept-Encoding: a client that sends none gets none (RFC 9110 §12.5.3 would let it be
// any), and one that would rather have the body as it is, too. If not even that is accepted it gets it
// nonetheless.
func (c *Compressor) choose(list string) (whole, streamed *coding) {
	if list == "" {
		return nil, nil
	}
	least := max(httputil.Quality(list, "identity"), 1)
	mostWhole, mostStreamed := least-1, least-1
	for _, known := range c.codings {
		q := httputil.Quality(list, known.name)
		if q > mostWhole {
			whole, mostWhole = known, q
		}
		if known.streams && q > mostStreamed {
			streamed, mostStreamed = known, q
		}
	}
	return whole, streamed
}

// acceptEncoding returns what the client accepts, which one field tells but for strange ones.
func acceptEncoding(h *httputil.Header) string {
	const name = "Accept-Encoding"
	first := ""
	for _, f := range h.Fields() {
		if len(f.Name) != len(name) || !strings.EqualFold(f.Name, name) {
			continue
		}
		if first != "" {
			return h.Joined(name)
		}
		first = f.Value
	}
	return first
}

// appendZstd is one frame with its length in its head. Nothing runs beside the caller.
func (c *Compressor) appendZstd(dst, src []byte) ([]byte, error) {
	e, ok := c.zstds.Get().(*zstd.Encoder)
	if !ok {
		var err error
		e, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true),
			zstd.WithEncoderLevel(c.zstdLevel()), zstd.WithWindowSize(wholeMost))
		if err != nil {
			panic(err) // options that are wrong
		}
	}
	dst = e.EncodeAll(src, dst)
	c.zstds.Put(e)
	return dst, nil
}

// A deflater is an encoder of raw deflate with what it writes to.
type deflater struct {
	*flate.Writer
	out appender
}

type appender struct{ b []byte }

func (a *appender) Write(p []byte) (int, error) {
	a.b = append(a.b, p...)
	return len(p), nil
}

func (c *Compressor) deflater() *deflater {
	if d, ok := c.flates.Get().(*deflater); ok {
		return d
	}
	w, err := flate.NewWriter(nil, c.level)
	if err != nil {
		panic(err) // a level that is wrong
	}
	return &deflater{Writer: w}
}

// extra is a coding of the program's.
type extra struct {
	open func(io.Writer) io.WriteCloser
	used sync.Pool // of *opened
}

type opened struct {
	io.WriteCloser
	out appender
}

func (x *extra) append(dst, src []byte) ([]byte, error) {
	e, ok := x.used.Get().(*opened)
	if !ok {
		e = new(opened)
	}
	dst, err := x.run(e, ok, dst, src)
	if _, again := e.WriteCloser.(resetter); again && err == nil {
		x.used.Put(e)
	}
	return dst, err
}

func (x *extra) run(e *opened, used bool, dst, src []byte) ([]byte, error) {
	e.out.b = dst
	defer func() { e.out.b = nil }() // whoever keeps the encoder has nothing of the buffer
	if used {
		e.WriteCloser.(resetter).Reset(&e.out)
	} else {
		e.WriteCloser = x.open(&e.out)
	}
	if _, err := e.Write(src); err != nil {
		return dst, err
	}
	if err := e.Close(); err != nil {
		return dst, err
	}
	return e.out.b, nil
}

type resetter interface{ Reset(io.Writer) }

// A pool has buffers that are used again unless they have become too large.
type pool struct {
	buffers sync.Pool // of *[]byte
	most    int
}

func (p *pool) get() *[]byte {
	if b, ok := p.buffers.Get().(*[]byte); ok {
		return b
	}
	return new([]byte)
}

func (p *pool) put(b *[]byte) {
	if cap(*b) <= p.most {
		*b = (*b)[:0]
		p.buffers.Put(b)
	}
}
