package compress

import (
	"encoding/binary"
	"hash/adler32"
	"hash/crc32"

	"github.com/klauspost/compress/flate"
)

const (
	// pieceMost is how much of a body is compressed at once, and held back for it.
	pieceMost = 64 << 10
	// smallPiece is the length below which the encoder that has no tables is as quick, and denser: the
	// quick levels of the other do nothing at all with less than 128 bytes, such as a stream's events.
	smallPiece = 1 << 10
	// historyMost is how much of a stream's past the next piece can refer to. It is what an open stream
	// holds; with all that the format allows, which is 32 KiB, events become a twentieth smaller.
	historyMost = 2 << 10
)

// A stream is a body in gzip's format (RFC 1952) or in zlib's (RFC 1950), made in pieces. It has no
// encoder: each piece is made by another, which is told the end of what came before.
type stream struct {
	zlib    bool
	begun   bool
	sum     uint32 // CRC-32 or Adler-32 of the data so far
	size    uint32 // of the data, modulo 2^32
	history []byte
}

// append adds the next piece of a body to dst. All that it holds can be decoded at once.
func (s *stream) append(c *Compressor, dst, src []byte, last bool) []byte {
	if !s.begun {
		s.begun = true
		dst = s.appendHead(dst)
	}
	s.note(src)
	if len(src) < smallPiece {
		out := appender{dst}
		_ = flate.StatelessDeflate(&out, src, last, s.history) // an appender does not fail
		dst = out.b
	} else {
		dst = s.appendLarge(c, dst, src, last)
	}
	if last {
		return s.appendTrailer(dst)
	}
	s.remember(src)
	return dst
}

func (s *stream) appendLarge(c *Compressor, dst, src []byte, last bool) []byte {
	d := c.deflater()
	d.out.b = dst
	d.ResetDict(&d.out, s.history)
	_, _ = d.Write(src) // an appender does not fail
	if last {
		_ = d.Close()
	} else {
		_ = d.Flush()
	}
	dst, d.out.b = d.out.b, nil
	c.flates.Put(d)
	return dst
}

func (s *stream) appendHead(dst []byte) []byte {
	if s.zlib {
		s.sum = 1
		return append(dst, 0x78, 0x9c)
	}
	return append(dst, 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff) // no name, no time, no system
}

// note counts src into what the trailer tells.
func (s *stream) note(src []byte) {
	s.size += uint32(len(src))
	if s.zlib {
		s.sum = updateAdler(s.sum, src)
	} else {
		s.sum = crc32.Update(s.sum, crc32.IEEETable, src)
	}
}

// updateAdler goes on with a sum (RFC 1950 §8.2): package adler32 keeps its state to itself.
func updateAdler(sum uint32, p []byte) uint32 {
	const mod = 65521
	more := adler32.Checksum(p) // of p alone, whose low half began with 1, and whose high half with 0
	n := uint32(len(p) % mod)
	low, high := sum&0xffff, sum>>16
	moreLow, moreHigh := more&0xffff, more>>16
	before := (low + mod - 1) % mod // what p found there, less the 1 that it is counted with
	return (high+moreHigh+n*before%mod)%mod<<16 | (before+moreLow)%mod
}

func (s *stream) appendTrailer(dst []byte) []byte {
	if s.zlib {
		return binary.BigEndian.AppendUint32(dst, s.sum)
	}
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(dst, s.sum), s.size)
}

// remember keeps the end of the data. The array grows to what is needed and stays.
func (s *stream) remember(src []byte) {
	if len(src) >= historyMost {
		s.history = append(s.history[:0], src[len(src)-historyMost:]...)
		return
	}
	if over := len(s.history) + len(src) - historyMost; over > 0 {
		s.history = s.history[:copy(s.history, s.history[over:])]
	}
	s.history = append(s.history, src...)
}
