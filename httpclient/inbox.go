package httpclient

// inbox is what has come of a body and was not taken. Whatever the sizes of what comes and of what is taken, each byte is
// moved a few times at most.
type inbox struct {
	buf   []byte
	taken int // of buf
}

func (b *inbox) len() int { return len(b.buf) - b.taken }

// bytes returns what is there. It stays as it is if nothing is taken later.
func (b *inbox) bytes() []byte { return b.buf[b.taken:] }

// add copies data behind what is there. total is how long all will be if nothing is taken, negative if that is not known:
// it is believed as far as half of it has come, or bodyMost.
func (b *inbox) add(data []byte, total int64) {
	if len(b.buf)+len(data) > cap(b.buf) {
		b.makeRoom(len(data), total)
	}
	b.buf = append(b.buf, data...)
}

// makeRoom moves what is there: to the front if at least as much was taken, or into a buffer of twice the size.
func (b *inbox) makeRoom(n int, total int64) {
	there := b.bytes()
	need := len(there) + n
	if len(there) <= b.taken && need <= cap(b.buf) {
		b.buf, b.taken = b.buf[:copy(b.buf, there)], 0
		return
	}
	size := max(2*len(there), need)
	if total >= int64(need) {
		size = int(min(int64(max(size, bodyMost)), total))
	}
	b.buf, b.taken = append(make([]byte, 0, size), there...), 0
}

// take moves into p what fits.
func (b *inbox) take(p []byte) int {
	n := copy(p, b.bytes())
	if b.taken += n; b.taken == len(b.buf) {
		b.buf, b.taken = b.buf[:0], 0
	}
	return n
}
