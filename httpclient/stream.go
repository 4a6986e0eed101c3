package httpclient

import (
	"context"
	"errors"
	"io"
	"time"
)

// Stream is a response whose body is read as it arrives, see [Client.Stream]. No more of it is read from the server
// than fits 64 KiB beyond what was read here, and 1 MiB more by HTTP/2. Close it, and best read it to its end before:
// only then the connection can be used again.
//
// It is an io.ReadCloser of what was decompressed, for io.Copy, bufio.Scanner or json.Decoder. One goroutine at a time
// may use it.
type Stream struct {
	*Response
	ctx  context.Context
	f    *fetch
	x    *exchange
	body io.ReadCloser
	err  error // what every further Read returns
}

// errStreamClosed is why Read fails after Close.
var errStreamClosed = errors.New("read of a closed response")

// Stream fetches what r asks for and returns with the head of the response, whatever its status is. Its body is read by
// the Read of the result, which parks or blocks as Stream does, and fails when ctx ends. The time of RequestTimeout
// ends with the head; ReadTimeout goes on. Its place in the count of MaxClients is free when it was read to its end or
// closed. The callbacks of r are not called. Its errors are of type [*Error]. Any goroutine.
func (c *Client) Stream(ctx context.Context, r *Request) (*Stream, error) {
	f := &fetch{client: c, req: r, toHead: true}
	resp, x, err := f.run(ctx)
	if err != nil {
		return nil, err
	}
	return f.stream(ctx, resp, x), nil
}

func (f *fetch) stream(ctx context.Context, resp *Response, x *exchange) *Stream {
	s := &Stream{Response: resp, ctx: ctx, f: f, x: x}
	s.body, resp.Uncompressed = f.hop.decoder(resp, wire{s}, f.maxBody)
	return s
}

// Read reads what has come of the body, and waits for it if there is nothing. Its errors are of type [*Error], but for
// io.EOF at the end, and are final. After Close it fails.
func (s *Stream) Read(p []byte) (int, error) {
	if s.err != nil || len(p) == 0 {
		return 0, s.err
	}
	n, err := s.body.Read(p)
	if err == io.EOF {
		s.Time.Total = time.Since(s.f.turn())
	} else if err != nil {
		s.x.abandon(s.ctx, err)
		err = s.f.failed(&phaseError{PhaseBody, decodeError(err)})
	}
	s.err = err
	return n, err
}

// Close ends reading. If the body was not read to its end, the connection is closed, unless the rest is here already or
// within 64 KiB and a fifth of a second. It returns what a decoder's own Close does.
func (s *Stream) Close() error {
	if s.err == nil {
		s.err = s.f.failed(&phaseError{PhaseBody, errStreamClosed})
	}
	return s.body.Close()
}

// wire is the body as it was sent.
type wire struct{ *Stream }

func (w wire) Read(p []byte) (int, error) { return w.x.read(w.ctx, p) }

// Close implements io.Closer.
func (w wire) Close() error {
	w.x.abandon(w.ctx, errStreamClosed)
	return nil
}
