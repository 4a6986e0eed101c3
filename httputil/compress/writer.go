package compress

import (
	"errors"
	"io/fs"
	"net/http"
	"sync"
	"sync/atomic"

	"eddy/httputil"
)

// wholeMost is the longest body that is compressed as a whole if the handler has it as a whole.
const wholeMost = 1 << 20

// state is how far a response is.
type state = uint32

const (
	open      state = iota // no final head yet
	plain                  // all goes to the engine as it comes
	held                   // the head waits for more of the body, which lies in raw
	streaming              // the head has left, and the body follows in pieces; raw is the next one
	dropping               // the same for HEAD: nothing follows
	ended                  // nothing more is taken
)

// Writer is an httputil.ResponseWriter that compresses. It has the methods that http.ResponseController,
// net/http's handlers on an engine, httputil.Respond and httpserver.Detach look for, and they do what the
// engine's do.
type Writer struct {
	c             *Compressor
	w             httputil.ResponseWriter // the engine's
	request       *httputil.Header
	head, connect bool // the request's method
	off           bool

	turn  sync.Mutex    // held by every call, also while that waits for the client
	phase atomic.Uint32 // a state; turn guards changes
	cut   bool          // the response must not have a good end
	err   error         // what a write of a piece has failed with

	whole, streamed *coding // which are possible; nil for none
	body            stream

	// What the handler has announced, and its header, which is changed before it leaves.
	status  int
	reason  string
	length  int64
	header  httputil.Header
	fields  [8]httputil.Field
	written int64
	raw     *[]byte
}

var _ httputil.ResponseWriter = (*Writer)(nil)

func (w *Writer) at() state     { return w.phase.Load() }
func (w *Writer) to(next state) { w.phase.Store(next) }

// enter begins a call, which ends with turn.Unlock unless this fails.
func (w *Writer) enter() error {
	w.turn.Lock()
	if w.at() == ended {
		w.turn.Unlock()
		return httputil.ErrFinished
	}
	return nil
}

// WriteHead implements httputil.ResponseWriter. The head of a response that is to be compressed leaves with
// its body, up to 64 KiB of which are held back. That the client has gone, or that a deadline has
// passed, shows when they are sent.
func (w *Writer) WriteHead(status int, reason string, header *httputil.Header, length int64) error {
	if err := w.enter(); err != nil {
		return err
	}
	defer w.turn.Unlock()
	switch w.at() {
	case open:
	case plain:
		return w.w.WriteHead(status, reason, header, length) // which says what is wrong
	default:
		return httputil.ErrHeadWritten
	}
	how := w.judge(status, header, length)
	if how == asIs {
		err := w.w.WriteHead(status, reason, header, length)
		if err == nil && (status >= 200 || status == http.StatusSwitchingProtocols) {
			w.to(plain)
		}
		return err
	}
	w.note(status, reason, header, length)
	switch {
	case how == packed && length <= pieceMost:
		w.to(held)
		return nil
	case how == packed:
		return w.stream()
	}
	w.changed(how)
	return w.sendPlain()
}

// note keeps what the handler has told of the response.
func (w *Writer) note(status int, reason string, header *httputil.Header, length int64) {
	w.status, w.reason, w.length = status, reason, max(length, -1)
	w.copyHeader(header)
}

// changed makes the header that of a body that is not compressed.
func (w *Writer) changed(how verdict) {
	if how == matched {
		w.revalidated()
	} else {
		w.vary()
	}
}

// sendPlain sends the head of a body that stays as it is, with what there is of it.
func (w *Writer) sendPlain() error {
	if err := w.w.WriteHead(w.status, w.reason, &w.header, w.length); err != nil {
		return w.refused(err)
	}
	w.to(plain)
	return w.sendRaw()
}

// refused notes that the engine does not take the head. If the handler learns it by its own WriteHead it
// may try another; if that has succeeded, which is long ago, nothing can follow.
func (w *Writer) refused(err error) error {
	if w.at() != open {
		w.to(ended)
		w.dropRaw()
	}
	return err
}

// sendRaw sends what was held back as it is.
func (w *Writer) sendRaw() error {
	if w.raw == nil {
		return nil
	}
	_, err := w.w.Write(*w.raw)
	w.dropRaw()
	return err
}

// stream sends the head of a body that follows in pieces, or as it is where no stream can be made.
func (w *Writer) stream() error {
	if w.streamed == nil {
		w.vary()
		return w.sendPlain()
	}
	w.encoded(w.streamed)
	if err := w.w.WriteHead(w.status, w.reason, &w.header, -1); err != nil {
		return w.refused(err)
	}
	w.body.zlib = w.streamed.name == "deflate"
	w.to(streaming)
	if w.head {
		w.to(dropping)
		w.dropRaw()
	}
	return nil
}

// Write implements httputil.ResponseWriter.
func (w *Writer) Write(p []byte) (int, error) {
	if err := w.enter(); err != nil {
		return 0, err
	}
	defer w.turn.Unlock()
	switch {
	case w.at() == open, w.at() == plain:
		return w.w.Write(p)
	case w.err != nil:
		return 0, w.err
	case w.length >= 0 && w.written+int64(len(p)) > w.length:
		return 0, httputil.ErrBodyLength
	}
	if w.at() == held && w.buffered()+len(p) > pieceMost {
		if err := w.stream(); err != nil {
			return 0, err
		}
	}
	if w.at() == plain {
		return w.w.Write(p)
	}
	w.written += int64(len(p))
	return w.take(p)
}

// take adds p to the body, and sends all pieces that are full.
func (w *Writer) take(p []byte) (n int, err error) {
	if w.at() == dropping {
		return len(p), nil
	}
	for n < len(p) {
		if w.raw == nil {
			w.raw = w.c.held.get()
		}
		more := p[n:min(len(p), n+pieceMost-len(*w.raw))]
		*w.raw = append(*w.raw, more...)
		n += len(more)
		if w.at() == streaming && len(*w.raw) == pieceMost {
			if err := w.sendPiece(false); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

func (w *Writer) buffered() int {
	if w.raw == nil {
		return 0
	}
	return len(*w.raw)
}

func (w *Writer) dropRaw() {
	if w.raw != nil {
		w.c.held.put(w.raw)
		w.raw = nil
	}
}

// sendPiece compresses what there is of the body, and sends that.
func (w *Writer) sendPiece(last bool) error {
	var src []byte
	if w.raw != nil {
		src = *w.raw
	}
	out := w.c.out.get()
	*out = w.body.append(w.c, *out, src, last)
	w.dropRaw()
	_, w.err = w.w.Write(*out)
	w.c.out.put(out)
	return w.err
}

// Flush implements httputil.ResponseWriter: the client can decode what was written so far. It makes the
// response a stream.
func (w *Writer) Flush() error {
	if err := w.enter(); err != nil {
		return err
	}
	defer w.turn.Unlock()
	return w.flush()
}

func (w *Writer) flush() error {
	if w.at() == held {
		if err := w.stream(); err != nil {
			return err
		}
	}
	if w.err != nil {
		return w.err
	}
	if w.at() == streaming && w.buffered() > 0 {
		if err := w.sendPiece(false); err != nil {
			return err
		}
	}
	return w.w.Flush()
}

// SetTrailer implements httputil.ResponseWriter.
func (w *Writer) SetTrailer(h *httputil.Header) error {
	if err := w.enter(); err != nil {
		return err
	}
	defer w.turn.Unlock()
	if w.at() >= held && w.length >= 0 {
		return nil // there would be no place for it but for the compression
	}
	return w.w.SetTrailer(h)
}

// SendFile sends a part of a file as the engine's method of this name does, if the body stays as it is. It
// fails with errors.ErrUnsupported otherwise.
func (w *Writer) SendFile(f fs.File, n int64) (int64, error) {
	if err := w.enter(); err != nil {
		return 0, err
	}
	defer w.turn.Unlock()
	engine, ok := w.w.(interface {
		SendFile(f fs.File, n int64) (int64, error)
	})
	if !ok || w.at() != plain {
		return 0, errors.ErrUnsupported
	}
	return engine.SendFile(f, n)
}
