package http1_test

import (
	"math"
	"testing"
	"unsafe"

	"eddy/http1"
	"eddy/httputil"
)

// TestSizes holds what an idle connection and an exchange pay for this package.
func TestSizes(t *testing.T) {
	if n := unsafe.Sizeof(http1.RequestReader{}); n > 32 {
		t.Errorf("a RequestReader takes %d bytes", n)
	}
	if n := unsafe.Sizeof(http1.ResponseEncoder{}); n > 24 {
		t.Errorf("a ResponseEncoder takes %d bytes", n)
	}
}

func TestAllocations(t *testing.T) {
	var r http1.RequestReader
	var req httputil.Request
	req.Header = httputil.HeaderOver(make([]httputil.Field, 0, 16))
	chunks := []byte("5;a=b\r\nhello\r\n0\r\n\r\n")
	buf := make([]byte, 0, 1024)
	h := header("Content-Type", "text/plain")
	body := []byte("hello")
	head := []byte(browserHead)
	var bad http1.RequestReader

	for _, c := range []struct {
		name string
		f    func() error
	}{
		{"a request without body", func() error {
			req.Header.Reset()
			if _, err := r.FindHead(head, &defaults); err != nil {
				return err
			}
			return r.ParseHead(browserHead, &defaults, &req)
		}},
		{"a chunked request", func() error {
			req.Header.Reset()
			if err := r.ParseHead("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", &defaults, &req); err != nil {
				return err
			}
			_, _, _, err := r.ReadBody(chunks, math.MaxInt, &defaults, nil)
			return err
		}},
		{"a response", func() error {
			var e http1.ResponseEncoder
			e.Init(&req, true)
			out, err := e.AppendHead(buf, 200, "", h, -1, []byte(dateLine))
			if err == nil {
				out, err = e.AppendBody(out, body)
			}
			if err == nil {
				_, err = e.AppendEnd(out, nil)
			}
			return err
		}},
		{"a refusal", func() error {
			if _, err := bad.FindHead([]byte("\x16\x03\x01"), &defaults); err == nil {
				t.Error("accepted")
			}
			return nil
		}},
	} {
		n := testing.AllocsPerRun(100, func() {
			if err := c.f(); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
}
