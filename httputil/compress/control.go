package compress

import (
	"bufio"
	"net"
	"net/http"
	"time"

	"eddy/httputil"
)

// Off leaves the response as it is, if its head was not written yet. It is for a handler that knows what
// its client must not learn by lengths.
func (w *Writer) Off() {
	w.turn.Lock()
	defer w.turn.Unlock()
	w.off = true
}

// Unwrap sends what is held back and returns the engine's writer, for who takes the connection by that:
// httpserver.Detach. From then on all goes to that one as it comes.
func (w *Writer) Unwrap() httputil.ResponseWriter {
	w.turn.Lock()
	defer w.turn.Unlock()
	_ = w.letGo() // the engine fails as well
	return w.w
}

// letGo sends what is held back, and leaves the response to the engine.
func (w *Writer) letGo() (err error) {
	switch w.at() {
	case held:
		w.vary()
		err = w.sendPlain()
	case streaming:
		err = w.flush()
	}
	return err
}

// Hijack implements http.Hijacker. What the handler has written is sent before.
func (w *Writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	engine, ok := w.w.(http.Hijacker)
	if !ok {
		return nil, nil, http.ErrNotSupported
	}
	if err := w.enter(); err != nil {
		return nil, nil, err
	}
	defer w.turn.Unlock()
	if err := w.letGo(); err != nil {
		return nil, nil, err
	}
	conn, rw, err := engine.Hijack()
	if err == nil {
		w.dropRaw()
		w.to(plain) // whose calls the engine refuses
	}
	return conn, rw, err
}

// SetReadDeadline bounds reads of the request's body, if the engine can.
func (w *Writer) SetReadDeadline(t time.Time) error {
	if engine, ok := w.w.(interface{ SetReadDeadline(time.Time) error }); ok {
		return engine.SetReadDeadline(t) // while another goroutine waits in a write, perhaps
	}
	return http.ErrNotSupported
}

// SetWriteDeadline bounds writes of the response, if the engine can.
func (w *Writer) SetWriteDeadline(t time.Time) error {
	if engine, ok := w.w.(interface{ SetWriteDeadline(time.Time) error }); ok {
		return engine.SetWriteDeadline(t)
	}
	return http.ErrNotSupported
}
