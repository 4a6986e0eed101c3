package compress

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"

	"eddy/httputil"
)

const (
	// DefaultMinSize is the length from which bodies are compressed: below it head and trailer of a
	// coding and the client's work cost more than a packet's rest.
	DefaultMinSize = 1 << 10
	// DefaultLevel is the level of compression. Of JSON gzip makes 6 per cent less at level 9, for four
	// times the CPU.
	DefaultLevel = 5
)

// Options tune a [Compressor]. The zero value is good. What they hold is used by many goroutines at
// once.
type Options struct {
	// Codings are the codings on offer, the best first: of those that a client likes equally it
	// gets the first. Default: those of Encoders, sorted, "zstd", "gzip", "deflate". Without gzip
	// and deflate streams are not compressed.
	Codings []string

	// Level is from 1, quick, to 9, dense, as with gzip. zstd has three for it: to 5, to 7, to 9. Default: 5.
	// From 7 on an encoder takes a multiple of the time, and for zstd 5 MB of memory.
	Level int

	// MinSize is how many bytes a body must have at least, if that is known when the
	// response begins to leave. Default: 1024; negative: none.
	MinSize int

	// Types reports whether a body with this Content-Type, parameters included, is worth it; it is not asked
	// for a response that has none. Default: [Compressible].
	Types func(contentType string) bool

	// Encoders has further codings, such as brotli's: under "br", a function that returns what writes its
	// input compressed to w until it is closed. One that has a method Reset(io.Writer) is used again and
	// again. They are for bodies that are known as a whole, and go before those of this package. A
	// name is in lower case.
	//
	//	"br": func(w io.Writer) io.WriteCloser { return brotli.NewWriterLevel(w, 4) },
	Encoders map[string]func(w io.Writer) io.WriteCloser
}

// New returns a Compressor. It panics if the options are wrong.
func New(o Options) *Compressor {
	c := &Compressor{types: o.Types, minSize: int64(o.MinSize), level: o.Level}
	c.held.most, c.out.most = 2*pieceMost, wholeMost/2
	if c.types == nil {
		c.types = Compressible
	}
	if c.level == 0 {
		c.level = DefaultLevel
	}
	if c.level < 1 || c.level > flate.BestCompression {
		panic(fmt.Sprintf("compress: there is no level %d", c.level))
	}
	switch {
	case c.minSize == 0:
		c.minSize = DefaultMinSize
	case c.minSize < 0:
		c.minSize = 0
	}
	names := o.Codings
	if names == nil {
		names = append(slices.Sorted(maps.Keys(o.Encoders)), "zstd", "gzip", "deflate")
	}
	for i, name := range names {
		if !slices.Contains(names[:i], name) {
			c.codings = append(c.codings, c.newCoding(name, o.Encoders[name]))
		}
	}
	return c
}

func (c *Compressor) newCoding(name string, encoder func(io.Writer) io.WriteCloser) *coding {
	if !httputil.IsToken(name) || name != strings.ToLower(name) || name == "identity" || name == "*" {
		panic(fmt.Sprintf("compress: %q is not the name of a coding in lower case", name))
	}
	known := &coding{name: name, streams: name == "gzip" || name == "deflate"}
	switch {
	case encoder != nil:
		known.whole = (&extra{open: encoder}).append
	case known.streams:
		known.whole = func(dst, src []byte) ([]byte, error) {
			s := stream{zlib: name == "deflate"}
			return s.append(c, dst, src, true), nil
		}
	case name == "zstd":
		known.whole = c.appendZstd
	default:
		panic(fmt.Sprintf("compress: no encoder for %q", name))
	}
	return known
}

// zstdLevel translates a level of gzip into one of the three that zstd's encoder has worth it.
func (c *Compressor) zstdLevel() zstd.EncoderLevel {
	switch {
	case c.level <= 5:
		return zstd.SpeedFastest
	case c.level <= 7:
		return zstd.SpeedDefault
	}
	return zstd.SpeedBetterCompression
}
