package nethttp

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"

	"eddy/httputil"
)

// SendFile sends the next bytes of a file, n at most, as a part of the response's body, by net/http's
// own means, and moves the file on. It fails with errors.ErrUnsupported, having done nothing, for
// what is no *os.File and where net/http has none, as with HTTP/2. It returns less than n at the
// file's end.
func (w *serveWriter) SendFile(f fs.File, n int64) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	file, isFile := f.(*os.File)
	to, ok := w.rw.(io.ReaderFrom)
	switch {
	case w.finished:
		return 0, w.overErr()
	case w.status == 0:
		return 0, httputil.ErrNoHead
	case !isFile || !ok || w.req.Method == http.MethodHead || !bodyAllowed(w.status):
		return 0, errors.ErrUnsupported
	case w.length >= 0 && w.written+n > w.length:
		return 0, httputil.ErrBodyLength
	}
	sent, err := to.ReadFrom(&io.LimitedReader{R: file, N: n})
	w.written += sent
	var own *fs.PathError
	if err != nil && !errors.As(err, &own) {
		err = fmt.Errorf("%w: %w", httputil.ErrClosed, err)
	}
	return sent, err
}
