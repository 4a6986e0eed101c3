package httpserver

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"math"

	"eddy/httputil"
	"eddy/stream"
)

// file is what an *os.File is, also when io.Copy has wrapped it.
type file interface {
	stream.File
	fs.File
	io.Seeker
}

// SendFile sends the next bytes of a file, n at most, as a part of the response's body, without
// passing them through the program, and moves the file on. It fails with errors.ErrUnsupported,
// having done nothing, where that cannot be: with TLS, without a Content-Length, for what is no
// regular file. It waits until the client has all of them, by WriteTimeout and MinWriteRate.
func (x *exchange) SendFile(f fs.File, n int64) (int64, error) {
	regular, ok := f.(file)
	if !ok || x.conn.secure {
		return 0, errors.ErrUnsupported
	}
	offset, err := regular.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, errors.ErrUnsupported
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return 0, errors.ErrUnsupported
	}
	n = min(n, info.Size()-offset, math.MaxInt32)
	if n <= 0 {
		return 0, nil
	}
	x.mu.Lock()
	err = x.writable()
	if err == nil && !x.enc.TakeRaw(n) {
		err = errors.ErrUnsupported
	}
	if err == nil {
		x.uncommon().owed += n
	}
	x.mu.Unlock()
	if err != nil {
		return 0, err
	}
	if err := x.sendFile(regular, offset, int(n)); err != nil {
		return 0, x.lost(err)
	}
	x.mu.Lock()
	x.rare.owed -= n
	x.mu.Unlock()
	_, err = regular.Seek(offset+n, io.SeekStart)
	return n, err
}

func (x *exchange) sendFile(f file, offset int64, n int) error {
	if err := x.onLoop(x.handOver); err != nil {
		return err
	}
	return x.conn.Loop().Do(context.WithoutCancel(x), func(ctx context.Context) error {
		if x.conn.x != x {
			return httputil.ErrFinished
		}
		x.sent = true
		return x.conn.WriteFile(ctx, f, offset, n)
	})
}
