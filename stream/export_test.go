package stream

import (
	"unsafe"

	"eddy/loop"
)

// Size is what one stream takes in memory.
const Size = unsafe.Sizeof(Stream{})

// Held returns how many bytes of buffers the stream holds, those of TLS included.
func (s *Stream) Held() (n int) {
	for _, b := range []*loop.Buffer{s.in, s.out} {
		if b != nil {
			n += cap(b.Tail())
		}
	}
	if t := s.tls; t != nil {
		n += t.raw.Cap() + t.hand.Cap()
		if t.out != nil {
			n += cap(t.out.Tail())
		}
	}
	return n
}
