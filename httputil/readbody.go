package httputil

import (
	"io"
	"math"
)

// ReadBody reads the body of a request to its end and returns it, if it has no more than limit
// bytes; else it fails with ErrBodyTooLarge. A negative limit is none. It waits for the client. An
// announced length is trusted only so far: memory is taken as bytes arrive.
func ReadBody(r *Request, limit int64) ([]byte, error) {
	if limit < 0 {
		limit = math.MaxInt64
	}
	if r.ContentLength > limit {
		return nil, ErrBodyTooLarge
	}
	const first, most = 512, 64 << 10
	size := int64(first)
	if r.ContentLength >= 0 {
		size = min(r.ContentLength, most) + 1 // one more to see EOF without growing
	}
	b := make([]byte, 0, size)
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case int64(len(b)) > limit:
			return nil, ErrBodyTooLarge
		case err == io.EOF:
			return b, nil
		case err != nil:
			return nil, err
		}
	}
}
