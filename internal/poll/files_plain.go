package poll

import (
	"io"
	"sync"
)

// writeEach is Writev where the system has none: one write after another, until one is short.
func writeEach(f Files, fd int, pieces [][]byte) (n int, err error) {
	for _, p := range pieces {
		if len(p) == 0 {
			continue
		}
		k, err := f.Write(fd, p)
		n += k
		switch {
		case err != nil && n > 0:
			return n, nil
		case err != nil || k < len(p):
			return n, err
		}
	}
	return n, nil
}

var copyBuffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// copyFile is SendFile where the system has none, or none for this file.
func copyFile(f Files, fd int, file File, offset int64, n int) (int, error) {
	buf := copyBuffers.Get().(*[64 << 10]byte)
	defer copyBuffers.Put(buf)
	k, err := file.ReadAt(buf[:min(n, len(buf))], offset)
	if k == 0 {
		if err == io.EOF {
			err = nil
		}
		return 0, err
	}
	return f.Write(fd, buf[:k])
}
