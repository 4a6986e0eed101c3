package stream_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"eddy/loop"
	"eddy/stream"
)

func TestErrClosed_CarriesTheCause(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		h.peer.Reset(syscall.ECONNRESET)
		h.settle()
		calls := map[string]error{
			"Flush":      h.s.Flush(h.ctx),
			"Write":      h.s.Write(h.ctx, nil),
			"WaitHangup": h.s.WaitHangup(h.ctx),
		}
		_, calls["ReadBytes"] = h.s.ReadBytes(h.ctx, 1)
		_, calls["ReadUntilClose"] = h.s.ReadUntilClose(h.ctx, 0)
		for name, err := range calls {
			if !errors.Is(err, stream.ErrClosed) || !errors.Is(err, syscall.ECONNRESET) || !strings.HasPrefix(fmt.Sprint(err), "stream: closed: ") {
				t.Errorf("%s: %v", name, err)
			}
		}
		h.on(func() {
			if h.s.Err() != syscall.ECONNRESET {
				t.Errorf("Err: %v", h.s.Err())
			}
		})
	})
}

// Closed in order, there is no cause.
func TestErrClosed_ByThisSideIsItself(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		h.on(h.s.CloseNow)
		if _, err := h.s.ReadBytes(h.ctx, 1); err != stream.ErrClosed {
			t.Errorf("%v", err)
		}
	})
}

func TestQuiet(t *testing.T) {
	failed := func(cause error) (err error) { // as a stream says it
		bubble(t, nil, func(h *harness) {
			h.peer.Reset(cause.(syscall.Errno))
			h.settle()
			err = h.s.Flush(h.ctx)
		})
		return err
	}
	for _, err := range []error{
		nil, stream.ErrClosed, loop.ErrClosed, io.EOF, io.ErrUnexpectedEOF,
		syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE, syscall.ETIMEDOUT, syscall.ENOTCONN,
		&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)},
		failed(syscall.EPIPE),
		fmt.Errorf("handler: %w", failed(syscall.ECONNRESET)),
	} {
		if !stream.Quiet(err) {
			t.Errorf("%v is not quiet", err)
		}
	}
	for _, err := range []error{
		stream.ErrTooLong, stream.ErrPanicked, stream.ErrBufferFull, stream.ErrReading,
		syscall.EBADF, syscall.ENOMEM, syscall.EHOSTUNREACH, failed(syscall.EIO),
		tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"},
		context.DeadlineExceeded, errors.New("anything"),
	} {
		if stream.Quiet(err) {
			t.Errorf("%v is quiet", err)
		}
	}
}
