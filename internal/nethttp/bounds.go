package nethttp

import (
	"io"
	"net/http"
	"time"
)

// SetMaxBody is what httputil.Request.SetMaxBody calls. A body that has limits of its own is told.
func (b *serverBody) SetMaxBody(n int64) error {
	if own, ok := b.whole.(interface{ SetMaxBody(int64) error }); ok {
		return own.SetMaxBody(n)
	}
	switch {
	case b.whole == nil:
	case n < 0:
		b.r.Body = b.whole
	case b.r.ContentLength > n:
		b.r.Body = tooLarge{b.whole, n}
	default:
		b.r.Body = http.MaxBytesReader(b.w, b.whole, n)
	}
	return nil
}

// tooLarge is a body that announces more than its limit, and is not read.
type tooLarge struct {
	io.Closer
	limit int64
}

func (t tooLarge) Read([]byte) (int, error) { return 0, &http.MaxBytesError{Limit: t.limit} }

// SetBodyTimeout is what httputil.Request.SetBodyTimeout calls. net/http has one deadline, and
// does not tell which its own was: zero leaves the body without one.
func (b *serverBody) SetBodyTimeout(d time.Duration) error {
	if own, ok := b.whole.(interface {
		SetBodyTimeout(time.Duration) error
	}); ok {
		return own.SetBodyTimeout(d)
	}
	var t time.Time
	if d > 0 {
		t = time.Now().Add(d)
	}
	return http.NewResponseController(b.w).SetReadDeadline(t)
}
