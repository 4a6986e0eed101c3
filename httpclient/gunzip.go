package httpclient

import (
	"compress/gzip"
	"io"
	"io/fs"
	"sync/atomic"
)

// gunzip returns the body without its coding. Nothing is read before the first Read.
func gunzip(body io.ReadCloser) io.ReadCloser { return &gunzipped{body: body} }

type gunzipped struct {
	body   io.ReadCloser
	zip    *gzip.Reader
	err    error
	closed atomic.Bool
}

func (g *gunzipped) Read(p []byte) (n int, err error) {
	if g.closed.Load() {
		return 0, fs.ErrClosed
	}
	if g.err != nil {
		return 0, g.err
	}
	if g.zip == nil {
		if g.zip, g.err = gzip.NewReader(g.body); g.err != nil {
			return 0, g.err
		}
	}
	return g.zip.Read(p)
}

func (g *gunzipped) Close() error {
	g.closed.Store(true)
	return g.body.Close()
}
