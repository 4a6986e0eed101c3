package compress

import (
	"errors"
	"net/http"

	"eddy/httputil"
)

// Respond is what httputil.Respond calls.
func (w *Writer) Respond(status int, reason string, header *httputil.Header, body []byte) error {
	if err := w.enter(); err != nil {
		return err
	}
	defer w.turn.Unlock()
	switch w.at() {
	case open:
	case plain:
		return httputil.Respond(w.w, status, reason, header, body) // which says what is wrong
	default:
		return httputil.ErrHeadWritten
	}
	how := w.judge(status, header, int64(len(body)))
	if how == asIs {
		return w.respond(httputil.Respond(w.w, status, reason, header, body))
	}
	w.note(status, reason, header, int64(len(body)))
	switch {
	case how != packed:
		w.changed(how)
		return w.respond(httputil.Respond(w.w, status, reason, &w.header, body))
	case len(body) <= wholeMost:
		return w.respond(w.respondWhole(body))
	}
	if err := w.stream(); err != nil {
		return err
	}
	if w.at() == plain {
		if _, err := w.w.Write(body); err != nil {
			return err
		}
		return w.w.Finish()
	}
	w.written = int64(len(body))
	if _, err := w.take(body); err != nil {
		return err
	}
	return w.finish()
}

// respond notes the end of a response that was sent as a whole. One that the engine has refused may be
// tried anew.
func (w *Writer) respond(err error) error {
	if err == nil {
		w.to(ended)
	}
	return err
}

// respondWhole sends a body compressed, with its new length, or as it is if an encoder of the program's
// fails.
func (w *Writer) respondWhole(body []byte) error {
	out := w.c.out.get()
	defer w.c.out.put(out)
	b, err := w.whole.whole(*out, body)
	if err != nil {
		w.vary()
		return httputil.Respond(w.w, w.status, w.reason, &w.header, body)
	}
	*out = b
	w.encoded(w.whole)
	if w.length < 0 { // as it was announced: a trailer may follow
		return w.sendSteps(b, -1)
	}
	return httputil.Respond(w.w, w.status, w.reason, &w.header, b)
}

// sendSteps sends a whole response with another length than that of the body that is there.
func (w *Writer) sendSteps(body []byte, length int64) error {
	if err := w.w.WriteHead(w.status, w.reason, &w.header, length); err != nil {
		return err
	}
	if len(body) > 0 {
		if _, err := w.w.Write(body); err != nil {
			return err
		}
	}
	return w.w.Finish()
}

// Finish implements httputil.ResponseWriter.
func (w *Writer) Finish() error {
	if err := w.enter(); err != nil {
		return err
	}
	defer w.turn.Unlock()
	return w.finish()
}

func (w *Writer) finish() error {
	switch w.at() {
	case held:
		w.to(ended)
		return w.finishHeld()
	case streaming:
		w.to(ended)
		return w.finishStream()
	case dropping:
		w.to(ended)
	}
	return w.w.Finish()
}

// finishHeld sends a response whose body is known as a whole by now.
func (w *Writer) finishHeld() error {
	defer w.dropRaw()
	var body []byte
	if w.raw != nil {
		body = *w.raw
	}
	switch n := int64(len(body)); {
	case w.head && n < w.length:
		w.encoded(w.whole) // as GET would, but for the length, which takes the body
		return w.sendSteps(nil, -1)
	case n < w.length: // the engine shall see that, and cut the response
		w.vary()
		return w.sendSteps(body, w.length)
	case n < w.c.minSize:
		w.vary()
		return w.sendSteps(body, w.length)
	}
	return w.respondWhole(body)
}

func (w *Writer) finishStream() error {
	if w.err != nil {
		return w.err
	}
	if w.written < w.length {
		w.cut = true
		w.dropRaw()
		return httputil.ErrBodyLength
	}
	if err := w.sendPiece(true); err != nil {
		return err
	}
	return w.w.Finish()
}

// End ends the response of a handler that has returned; later calls of other methods fail with
// httputil.ErrFinished. It is not for a handler that has panicked: then the engine cuts the response. End
// itself panics with http.ErrAbortHandler, for the engine to do so, if the body is shorter than
// announced, or if a goroutine is still writing.
func (w *Writer) End() {
	if !w.turn.TryLock() {
		if isMade(w.at()) {
			panic(http.ErrAbortHandler)
		}
		return // the engine's end is enough
	}
	defer w.turn.Unlock()
	if isMade(w.at()) {
		_ = w.finish() // the engine knows why, or the next line
	}
	w.to(ended)
	if w.cut || w.err != nil && !errors.Is(w.err, httputil.ErrClosed) && !errors.Is(w.err, httputil.ErrDetached) {
		panic(http.ErrAbortHandler)
	}
}

// isMade reports whether the body is being made here.
func isMade(s state) bool { return s == held || s == streaming || s == dropping }
