package loop

// Buffer is a queue of bytes: appended at the end, discarded from the front. Buffers come
// from their loop's pool and go back to it when they are empty, so that an idle
// connection has none.
type Buffer struct {
	b []byte
	r int // read up to here
}

const (
	bufferSize    = 4 << 10  // a new buffer's capacity
	bufferKeep    = 64 << 10 // a larger one is left to the garbage collector
	buffersPooled = 64
	scratchSize   = 64 << 10
)

// Bytes returns what is in the buffer. It is valid until the next change.
func (b *Buffer) Bytes() []byte { return b.b[b.r:] }

// Len returns how many bytes are in the buffer.
func (b *Buffer) Len() int { return len(b.b) - b.r }

// Append adds p at the end.
func (b *Buffer) Append(p []byte) { b.b = append(b.Tail(len(p)), p...) }

// Tail returns the buffer's whole storage with room for n more bytes, to append to; put the
// result back with [Buffer.SetTail].
func (b *Buffer) Tail(n int) []byte {
	if b.r > 0 && len(b.b)+n > cap(b.b) {
		b.b = b.b[:copy(b.b, b.b[b.r:])]
		b.r = 0
	}
	return b.b
}

// SetTail stores what was made from the result of Tail by appending.
func (b *Buffer) SetTail(p []byte) { b.b = p }

// Discard removes n bytes from the front.
func (b *Buffer) Discard(n int) {
	b.r += n
	if b.r == len(b.b) {
		b.b, b.r = b.b[:0], 0
	}
}

// GetBuffer returns an empty buffer from the loop's pool.
func (l *Loop) GetBuffer() *Buffer {
	if n := len(l.buffers); n > 0 {
		b := l.buffers[n-1]
		l.buffers = l.buffers[:n-1]
		return b
	}
	return &Buffer{b: make([]byte, 0, bufferSize)}
}

// PutBuffer gives a buffer back. Nothing may refer to it or its bytes any more.
func (l *Loop) PutBuffer(b *Buffer) {
	if cap(b.b) > bufferKeep || len(l.buffers) == buffersPooled {
		return
	}
	b.b, b.r = b.b[:0], 0
	l.buffers = append(l.buffers, b)
}

// Scratch returns the loop's own read buffer of 64 KiB. What is in it is valid until the
// handler that filled it returns.
func (l *Loop) Scratch() []byte {
	if l.scratch == nil {
		l.scratch = make([]byte, scratchSize)
	}
	return l.scratch
}
