package httpclient

import (
	"bytes"
	"context"
	"io"
	"time"
)

// pieceRoom is the most that a StreamingCallback is given at once.
const pieceRoom = 32 << 10

// piecewise reads a response for the request's callbacks. They run in the caller's coroutine or goroutine.
func (f *fetch) piecewise(ctx context.Context, resp *Response, x *exchange) (*Response, error) {
	s := f.stream(ctx, resp, x)
	defer s.Close()
	if f.req.HeaderCallback != nil {
		if err := f.req.HeaderCallback(ctx, resp); err != nil {
			return nil, f.failed(&phaseError{PhaseHead, err})
		}
	}
	var err error
	if f.req.StreamingCallback == nil {
		resp.Body, err = io.ReadAll(s)
	} else {
		err = f.hand(ctx, s)
	}
	if err != nil {
		return nil, err
	}
	resp.Time.Total = time.Since(f.turn())
	return resp, nil
}

// hand gives the body to the StreamingCallback.
func (f *fetch) hand(ctx context.Context, s *Stream) error {
	buf := make([]byte, pieceRoom)
	for {
		n, err := s.Read(buf)
		if n > 0 {
			if err := f.req.StreamingCallback(ctx, bytes.Clone(buf[:n])); err != nil {
				return f.failed(&phaseError{PhaseBody, err})
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
