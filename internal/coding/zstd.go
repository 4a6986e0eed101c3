package coding

import (
	"bufio"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// MaxWindow is the largest window of zstd: no sender may want more for a Content-Encoding (RFC 9659
// §3). A decoder takes as much memory as the head of the data says, for a first block of one byte, too.
const MaxWindow = 8 << 20

// errWindow is for both, because the decoder says the same of both.
var errWindow = fmt.Errorf("zstd: a window over %d MiB, or a block over its window", MaxWindow>>20)

// zstdCodec goes through all frames by itself. Concurrency 1 makes it decode within Read: it has no
// goroutines, so none is left behind, nor anything to close.
type zstdCodec struct{ *zstd.Decoder }

func newZstdCodec() *zstdCodec {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(MaxWindow))
	if err != nil {
		panic(err) // options that are wrong
	}
	return &zstdCodec{d}
}

func (c *zstdCodec) begin(in *bufio.Reader) error { return c.Reset(in) }

func (c *zstdCodec) end() { c.Reset(nil) }

// Read implements io.Reader.
func (c *zstdCodec) Read(p []byte) (int, error) {
	n, err := c.Decoder.Read(p)
	if errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		err = fmt.Errorf("%w: %w", errWindow, err)
	}
	return n, err
}
