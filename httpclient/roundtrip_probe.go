package httpclient

import (
	"bytes"
	"context"
	"io"
	"time"

	"eddy/async"
)

// probeTime is how long a body may take to show whether it is empty.
const probeTime = 200 * time.Millisecond

// lacksBody names the methods whose requests seldom have a body, so that some servers take none that comes
// in chunks.
func lacksBody(method string) bool {
	switch method {
	case "GET", "HEAD", "DELETE", "OPTIONS", "PROPFIND", "SEARCH":
		return true
	}
	return false
}

// probe looks whether a body of unknown length is empty, for a method that should have none: it is not sent in
// chunks then. One that has not shown itself in time counts as one with bytes.
func (p *trip) probe(ctx context.Context) error {
	type first struct {
		b   [1]byte
		n   int
		err error
	}
	body := p.body
	read := async.RunInExecutor(async.Quiet(context.WithoutCancel(ctx)), nil, func(context.Context) (*first, error) {
		f := new(first)
		f.n, f.err = io.ReadFull(body, f.b[:])
		return f, nil
	})
	wait, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	f, err := read.Wait(wait)
	var rest io.Reader
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil: // it takes its time
		rest = &lateReader{read: func() ([]byte, error) {
			f, err := read.Wait(context.Background())
			if err != nil {
				return nil, err
			}
			return f.b[:f.n], f.err
		}, then: body}
	case f.n == 0 && f.err == io.EOF:
		p.closeBody()
		p.body, p.length = nil, 0
		return nil
	case f.err != nil:
		return f.err
	default:
		rest = io.MultiReader(bytes.NewReader(f.b[:]), body)
	}
	p.body = struct {
		io.Reader
		io.Closer
	}{rest, body}
	return nil
}

// lateReader gives what was read already, once that is there, and then the rest.
type lateReader struct {
	read func() ([]byte, error)
	then io.Reader
}

func (r *lateReader) Read(p []byte) (int, error) {
	if r.read == nil || len(p) == 0 {
		return r.then.Read(p)
	}
	b, err := r.read()
	r.read = nil
	return copy(p, b), err
}
