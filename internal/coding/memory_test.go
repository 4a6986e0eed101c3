package coding_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/klauspost/compress/zstd"

	"eddy/internal/coding"
)

// repeated is a head and then a block, again and again, up to 16 MiB, which decode to many GiB. It
// counts what is taken of it.
type repeated struct {
	head  []byte
	block []byte
	taken int
}

func (b *repeated) Read(p []byte) (int, error) {
	n := 0
	if b.taken > 16<<20 {
		return 0, io.EOF
	}
	if b.taken < len(b.head) {
		n = copy(p, b.head[b.taken:])
	} else {
		for k := 1; n < len(p) && k > 0; n += k {
			k = copy(p[n:], b.block[(b.taken+n-len(b.head))%len(b.block):])
		}
	}
	b.taken += n
	return n, nil
}

func (b *repeated) Close() error { return nil }

// deflateBomb is one of zeros, a thousandth as long as what it decodes to.
func deflateBomb(format string) *repeated {
	var b bytes.Buffer
	w := writers[format](&b)
	w.Write(make([]byte, 1<<20))
	w.Flush() // so that what follows can be repeated
	head := bytes.Clone(b.Bytes())
	b.Reset()
	w.Write(make([]byte, 1<<20))
	w.Flush()
	return &repeated{head: head, block: b.Bytes()}
}

// zstdHead is the head of a frame of unknown length with a window of 1<<log bytes.
func zstdHead(log int) []byte { return []byte{0x28, 0xb5, 0x2f, 0xfd, 0, byte(log-10) << 3} }

// zstdBomb is one of zeros, 30,000 times as long as it is: blocks of 128 KiB in four bytes.
func zstdBomb(log int) *repeated {
	block := binary.LittleEndian.AppendUint32(nil, 128<<10<<3|1<<1) // repeated, not the last
	return &repeated{head: zstdHead(log), block: block}
}

// nested is a bomb of whole gzip members.
func nested(block []byte) *repeated { return &repeated{block: block} }

func TestReader_BombsEndAtTheLimit(t *testing.T) {
	zeros := coded("gzip", string(make([]byte, 1<<20)))
	for _, tt := range []struct {
		name, list string
		bomb       func() *repeated
		memory     uint64 // what may be allocated, with nothing to recycle
		taken      int    // what may be taken of the bomb
	}{
		{"gzip", "gzip", func() *repeated { return deflateBomb("gzip") }, 100 << 10, 16 << 10},
		{"zlib", "deflate", func() *repeated { return deflateBomb("deflate") }, 100 << 10, 16 << 10},
		{"raw deflate", "deflate", func() *repeated { return deflateBomb("raw") }, 100 << 10, 16 << 10},
		{"gzip's members", "gzip", func() *repeated { return nested([]byte(zeros)) }, 100 << 10, 16 << 10},
		{"zstd", "zstd", func() *repeated { return zstdBomb(20) }, 2 << 20, 8 << 10},
		{"zstd with the largest window", "zstd", func() *repeated { return zstdBomb(23) }, coding.MaxWindow + 1<<20, 8 << 10},
		{"gzip in gzip", "gzip, gzip", func() *repeated { return nested([]byte(coded("gzip", strings.Repeat(zeros, 100)))) }, 200 << 10, 8 << 10},
		{"zstd in gzip", "zstd, gzip", func() *repeated {
			return nested([]byte(coded("gzip", string(zstdHead(20))+strings.Repeat(string(zstdBomb(20).block), 100_000))))
		}, 2 << 20, 8 << 10},
		{"much between two that gives nothing", "gzip, gzip", func() *repeated {
			return nested([]byte(coded("gzip", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"+strings.Repeat("\x00\x00\x00\xff\xff", 1<<20))))
		}, 200 << 10, 16 << 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const limit = 4 << 20
			b := tt.bomb()
			p := make([]byte, 32<<10)
			runtime.GC()
			runtime.GC() // the second empties what the first has left in the pools
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r, _ := shared.NewReader(b, tt.list, coding.Options{Limit: limit})
			came, err := 0, error(nil)
			for err == nil {
				var n int
				n, err = r.Read(p)
				came += n
			}
			runtime.ReadMemStats(&after)
			if kind(err) != "too large" || came != limit && !strings.HasPrefix(tt.name, "much") {
				t.Errorf("%v after %d bytes", err, came)
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > tt.memory {
				t.Errorf("%d bytes of memory, want %d at most", took, tt.memory)
			}
			if b.taken > tt.taken {
				t.Errorf("%d bytes are taken, want %d at most", b.taken, tt.taken)
			}
		})
	}
}

// Much comes out by as little memory as the first part of it.
func TestReader_BombsWithoutALimitTakeNoMemory(t *testing.T) {
	for _, bomb := range []func() *repeated{
		func() *repeated { return deflateBomb("gzip") }, func() *repeated { return deflateBomb("deflate") },
		func() *repeated { return deflateBomb("raw") }, func() *repeated { return zstdBomb(20) },
	} {
		b := bomb()
		list := "deflate"
		switch b.head[0] {
		case 0x1f:
			list = "gzip"
		case 0x28:
			list = "zstd"
		}
		r := open(t, b, list, coding.Options{Limit: -1})
		p := make([]byte, 128<<10)
		r.Read(p) // takes what it takes
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for came := 0; came < 64<<20; {
			n, err := r.Read(p)
			if came += n; err != nil {
				t.Fatal(err)
			}
		}
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 128<<10 {
			t.Errorf("%s: %d bytes of memory", list, took)
		}
	}
}

// A window that is too large is refused before anything of its size is taken.
func TestReader_WindowsOfZstd(t *testing.T) {
	long := binary.LittleEndian.AppendUint32([]byte{0x28, 0xb5, 0x2f, 0xfd, 0xa0}, coding.MaxWindow+1) // in one segment
	for name, tt := range map[string]struct {
		data    []byte
		refused bool
	}{
		"8 MiB":                    {append(zstdHead(23), 0x0b, 0x00, 0x00, 'x'), false}, // one time, the last
		"9 MiB":                    {[]byte{0x28, 0xb5, 0x2f, 0xfd, 0, 13<<3 | 1}, true},
		"16 MiB":                   {zstdHead(24), true},
		"2 TiB":                    {zstdHead(41), true},
		"a segment":                {long, true},
		"a second frame":           {append([]byte(coded("zstd", "x")), zstdHead(24)...), true},
		"a block over its window":  {append(zstdHead(10), 0x02, 0x40, 0x00, 'x'), true},
		"a window of the smallest": {append(zstdHead(10), 0x0b, 0x00, 0x00, 'x'), false},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r := open(t, &body{data: string(tt.data)}, "zstd", client)
		got, err := all(r, 1000)
		runtime.ReadMemStats(&after)
		if !tt.refused {
			if got != "x" || err != nil {
				t.Errorf("%s: %q, %v", name, got, err)
			}
			continue
		}
		if kind(err) != "malformed" || !strings.Contains(err.Error(), "zstd: a window over 8 MiB") ||
			!errors.Is(err, zstd.ErrWindowSizeExceeded) && !errors.Is(err, zstd.ErrDecoderSizeExceeded) {
			t.Errorf("%s: %v", name, err)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 4<<20 {
			t.Errorf("%s: %d bytes of memory", name, took)
		}
	}
}

// Frames that hold nothing are no bomb: they take their own length of time, and no memory.
func TestReader_EmptyFramesOfZstd(t *testing.T) {
	empty := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0}
	const frames = 100_000
	b := &repeated{block: empty}
	r := open(t, io.NopCloser(io.LimitReader(b, int64(frames*len(empty)))), "zstd", client)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if n, err := r.Read(make([]byte, 10)); n != 0 || err != io.EOF || b.taken != frames*len(empty) {
		t.Errorf("%d, %v after %d bytes", n, err, b.taken)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
		t.Errorf("%d bytes of memory", took)
	}
}

// The memory of a codec is not taken for every body.
func TestReader_RecyclesCodecs(t *testing.T) {
	for _, format := range formats {
		data := coded(format, text)
		const bodies = 200
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range bodies {
			if got, err := all(open(t, &body{data: data}, nameOf(format), client), 100); got != text || err != nil {
				t.Fatalf("%q, %v", got, err)
			}
		}
		runtime.ReadMemStats(&after)
		if took := (after.TotalAlloc - before.TotalAlloc) / bodies; took > 20<<10 {
			t.Errorf("%s: %d bytes of memory for each body", format, took)
		}
	}
}

// What was made in a bubble of testing/synctest stays there: with one pool for all this would end the
// process.
func TestPool_StaysInItsBubble(t *testing.T) {
	decode := func(t *testing.T) {
		var p coding.Pool
		for range 20 {
			r, _ := p.NewReader(&body{data: coded("zstd", text)}, "zstd", client)
			if got, err := all(r, 100); got != text || err != nil {
				t.Errorf("%q, %v", got, err)
			}
		}
	}
	synctest.Test(t, decode)
	decode(t)
	synctest.Test(t, decode)
}
