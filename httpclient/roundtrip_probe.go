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
	body := p.body
	promise := new(async.Promise[probed])
	go func() {
		var f probed
		f.n, f.err = io.ReadFull(body, f.b[:])
		promise.Resolve(f)
	}()
	wait, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	f, err := promise.Future().Wait(wait)
	var rest io.Reader
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil: // it takes its time
		rest = &lateReader{first: promise.Future(), then: body}
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

// probed is what the first read of a body has brought.
type probed struct {
	b   [1]byte
	n   int
	err error
}

// lateReader gives what is being read already, once that is there, and then the rest.
type lateReader struct {
	first *async.Future[probed] // nil once it was given
	then  io.Reader
}

// Read implements io.Reader.
func (r *lateReader) Read(p []byte) (int, error) {
	if r.first == nil || len(p) == 0 {
		return r.then.Read(p)
	}
	f, err := r.first.Wait(context.Background())
	if err != nil {
		return 0, err
	}
	r.first = nil
	return copy(p, f.b[:f.n]), f.err
}
