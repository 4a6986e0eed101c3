package coding

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"sync"
)

type format uint8

const (
	unknownFormat format = iota
	gzipFormat
	zlibFormat
	rawFormat     // deflate without a frame (RFC 1951)
	deflateFormat // one of the two before
	zstdFormat
	extraFormat // a Decoder of the caller's
)

// A codec is a decompressor, which is some 44 KB large, or more. It is recycled, and no user code
// ever has one, but for those that user code has made.
type codec interface {
	io.Reader
	// begin makes it ready for what in has: gzip's next member, the whole of other formats.
	begin(in *bufio.Reader) error
	// end is called when it is not needed any more.
	end()
}

// A Pool recycles codecs among the bodies of one server or client. The zero value is ready. Any
// goroutine. There is none for all, because zstd's decoder holds a channel, and a channel
// must not leave the bubble of testing/synctest that it was made in.
type Pool struct {
	inputs sync.Pool              // of *bufio.Reader
	codecs [extraFormat]sync.Pool // of codec, by format
}

// input returns a buffer before from. It is a bufio.Reader because the decompressors of the standard
// library take no byte too much from one, so that what is behind the data can be seen.
func (p *Pool) input(from io.Reader) *bufio.Reader {
	in, ok := p.inputs.Get().(*bufio.Reader)
	if !ok {
		return bufio.NewReader(from)
	}
	in.Reset(from)
	return in
}

func (p *Pool) codec(f format) codec {
	if c, ok := p.codecs[f].Get().(codec); ok {
		return c
	}
	switch f {
	case gzipFormat:
		return new(gzipCodec)
	case zlibFormat:
		return new(zlibCodec)
	case rawFormat:
		return new(rawCodec)
	}
	return newZstdCodec()
}

type gzipCodec struct{ gzip.Reader }

func (c *gzipCodec) begin(in *bufio.Reader) error {
	if err := c.Reset(in); err != nil {
		return err
	}
	c.Multistream(false)
	return nil
}

// end drops the header: what the peer has put there may be long.
func (c *gzipCodec) end() { c.Header = gzip.Header{} }

// zlibCodec has no decompressor before its first good head.
type zlibCodec struct{ io.ReadCloser }

func (c *zlibCodec) begin(in *bufio.Reader) error {
	if c.ReadCloser != nil {
		return c.ReadCloser.(zlib.Resetter).Reset(in, nil)
	}
	z, err := zlib.NewReader(in)
	if err == nil {
		c.ReadCloser = z
	}
	return err
}

func (c *zlibCodec) end() {}

type rawCodec struct{ io.ReadCloser }

func (c *rawCodec) begin(in *bufio.Reader) error {
	if c.ReadCloser != nil {
		return c.ReadCloser.(flate.Resetter).Reset(in, nil)
	}
	c.ReadCloser = flate.NewReader(in)
	return nil
}

func (c *rawCodec) end() {}

// deflateIn returns which of deflate's two formats comes. Many servers have sent raw data, which is
// why browsers and curl take it. No compressor begins that as the head of zlib's format: the bits would
// be a stored block with padding that is not zero.
func deflateIn(in *bufio.Reader) format {
	head, _ := in.Peek(2)
	if len(head) < 2 || head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 { // RFC 1950 §2.2
		return zlibFormat
	}
	return rawFormat
}

// extraCodec runs what a Decoder has made. It is not recycled, nor is its input: user code may keep
// both.
type extraCodec struct {
	io.Reader
	open Decoder
}

func (c *extraCodec) begin(in *bufio.Reader) error {
	out, err := c.open(in)
	if err == nil {
		c.Reader = out // with an error it may be a nil pointer
	}
	return err
}

// Read implements io.Reader. It does not go on for ever with a decoder that gives nothing.
func (c *extraCodec) Read(p []byte) (int, error) {
	for range 100 {
		if n, err := c.Reader.Read(p); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

func (c *extraCodec) end() {
	if closer, ok := c.Reader.(io.Closer); ok {
		closer.Close() // the data's fate is known by now
	}
}
