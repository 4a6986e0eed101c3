package nethttp

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
)

// fileSender is what an engine's ResponseWriter is that can send files by itself.
type fileSender interface {
	SendFile(f fs.File, n int64) (int64, error)
}

// sendLeast is the least of a file for which the engine is asked.
const sendLeast = 32 << 10

// ReadFrom implements io.ReaderFrom: http.ServeContent and io.Copy send files by it.
func (w *responseWriter) ReadFrom(src io.Reader) (int64, error) {
	if w.hijacked {
		return 0, http.ErrHijacked
	}
	sent, err := w.sendFile(src)
	if err != nil {
		return sent, err
	}
	rest, err := io.Copy(struct{ io.Writer }{w}, src)
	return sent + rest, err
}

// sendFile lets the engine send what it can of src, which may be nothing.
func (w *responseWriter) sendFile(src io.Reader) (sent int64, err error) {
	limited, isLimited := src.(*io.LimitedReader)
	if isLimited {
		src = limited.R
	}
	file, isFile := src.(fs.File)
	engine, ok := w.w.(fileSender)
	if !ok || !isFile {
		return 0, nil
	}
	if w.status == 0 && announcedLength(w.header) >= sendLeast {
		w.WriteHeader(http.StatusOK)
	}
	most := w.length - w.written
	if isLimited {
		most = min(most, limited.N)
	}
	if w.status == 0 || w.sniff || most < sendLeast || !bodyAllowed(w.status) {
		return 0, nil
	}
	if err := w.drain(nil); err != nil {
		return 0, err
	}
	for sent < most {
		n, err := engine.SendFile(file, most-sent)
		sent += n
		w.written += n
		if isLimited {
			limited.N -= n
		}
		switch {
		case errors.Is(err, errors.ErrUnsupported):
			return sent, nil
		case err != nil || n == 0:
			return sent, err
		}
	}
	return sent, nil
}
