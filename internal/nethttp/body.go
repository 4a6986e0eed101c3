package nethttp

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync/atomic"

	"eddy/httputil"
)

// requestBody reads the engine's body with net/http's errors, and hands over the trailer at its
// end. Close may come from another goroutine than Read, as an http.Transport has it that sends
// the body on.
type requestBody struct {
	from  *httputil.Request
	to    *http.Request
	got   int64
	state atomic.Uint32
}

const (
	bodyOpen uint32 = iota
	bodyReading
	bodyClosed
)

var errReading = errors.New("nethttp: two reads of a body at once")

func (b *requestBody) Read(p []byte) (int, error) {
	if !b.state.CompareAndSwap(bodyOpen, bodyReading) {
		if b.state.Load() == bodyClosed {
			return 0, http.ErrBodyReadAfterClose
		}
		return 0, errReading
	}
	n, err := b.from.Body.Read(p)
	b.got += int64(n)
	if err == io.EOF {
		b.fillTrailer()
	}
	if !b.state.CompareAndSwap(bodyReading, bodyOpen) {
		_ = b.from.Body.Close() // it was closed meanwhile
	}
	if err != nil && err != io.EOF {
		err = b.translate(err)
	}
	return n, err
}

func (b *requestBody) Close() error {
	if b.state.Swap(bodyClosed) == bodyOpen {
		return b.from.Body.Close()
	}
	return nil
}

// end closes the body when the handler has returned.
func (b *requestBody) end() {
	if b.from != nil {
		_ = b.Close() // it is the engine's that may fail, and nobody is left to tell
	}
}

func (b *requestBody) fillTrailer() {
	if b.from.Trailer.Len() == 0 {
		return
	}
	trailer := b.to.Trailer
	if trailer == nil {
		trailer = make(http.Header)
	}
	for name := range b.from.Trailer.All() {
		delete(trailer, name)
	}
	for name, value := range b.from.Trailer.All() {
		trailer[name] = append(trailer[name], value)
	}
	b.to.Trailer = trailer
}

// translate adds the error that a handler of net/http looks for.
func (b *requestBody) translate(err error) error {
	switch {
	case errors.Is(err, httputil.ErrBodyTooLarge):
		return fmt.Errorf("%w: %w", err, &http.MaxBytesError{Limit: b.got})
	case errors.Is(err, httputil.ErrBodyTimeout):
		return fmt.Errorf("%w: %w", err, os.ErrDeadlineExceeded)
	case errors.Is(err, httputil.ErrFinished):
		return http.ErrBodyReadAfterClose
	case errors.Is(err, httputil.ErrDetached):
		return http.ErrHijacked
	}
	return err
}
