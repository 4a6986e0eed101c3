package loop

import "slices"

// Buffer is a queue of bytes: appended at the end, discarded from the front. Buffers come
// from their loop's pool and go back to it when they are empty, so that an idle
// connection has none.
type Buffer struct {
	b []byte
	r int // read up to here
}

const (
	bufferSize    = 4 << 10   // a new buffer's capacity
	bufferKeep    = 64 << 10  // a larger one is left to the garbage collector
	buffersPooled = maxEvents // as many as one turn uses
	scratchSize   = 64 << 10
)

// Bytes returns what is in the buffer. It is valid until the next change.
func (b *Buffer) Bytes() []byte { return b.b[b.r:] }

// Len returns how many bytes are in the buffer.
func (b *Buffer) Len() int { return len(b.b) - b.r }

// Append adds p at the end.
func (b *Buffer) Append(p []byte) {
	b.compact(len(p))
	b.b = append(b.b, p...)
}

// Tail returns the whole storage, for functions that append to a slice and return it; put
// their result back with [Buffer.SetTail]. What was in the buffer must stay in front.
func (b *Buffer) Tail() []byte { return b.b }

// SetTail stores what was made of the result of Tail by appending.
func (b *Buffer) SetTail(p []byte) { b.b = p }

// Space returns room behind the bytes, n or more, for a read; [Buffer.Extend] then adds
// what was read.
func (b *Buffer) Space(n int) []byte {
	b.compact(n)
	b.b = slices.Grow(b.b, n)
	return b.b[len(b.b):cap(b.b)]
}

// Extend adds the first n bytes of Space.
func (b *Buffer) Extend(n int) { b.b = b.b[:len(b.b)+n] }

// compact moves the bytes to the front if that makes room for n more.
func (b *Buffer) compact(n int) {
	if b.r > 0 && len(b.b)+n > cap(b.b) {
		b.b = b.b[:copy(b.b, b.b[b.r:])]
		b.r = 0
	}
}

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

// Scratch returns the loop's own buffer of 64 KiB, empty. Reads fill it, so that a
// connection needs a buffer of its own only for what it cannot deal with at once. What is
// in it is valid until the handler that filled it returns.
func (l *Loop) Scratch() *Buffer {
	if l.scratch.b == nil {
		l.scratch.b = make([]byte, 0, scratchSize)
	}
	l.scratch.b, l.scratch.r = l.scratch.b[:0], 0
	return &l.scratch
}

// ScratchBuffer returns what Scratch returns, without emptying it.
func (l *Loop) ScratchBuffer() *Buffer { return &l.scratch }

// Workspace returns another 64 KiB of the loop's own, for code that runs while Scratch is in
// use: TLS, which transforms bytes on their way into it, or a read whose bytes nobody wants. It
// returns nil while somebody has it. What is in it is valid until ReturnWorkspace.
func (l *Loop) Workspace() []byte {
	p := l.workspace
	if p == nil && !l.workspaceLent {
		p = make([]byte, scratchSize)
	}
	l.workspace, l.workspaceLent = nil, true
	return p
}

// ReturnWorkspace gives back what Workspace has returned.
func (l *Loop) ReturnWorkspace(p []byte) { l.workspace, l.workspaceLent = p, false }
