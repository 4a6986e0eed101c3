package httputil_test

import (
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"eddy/httputil"
)

func TestReadBody_KeepsTheLimit(t *testing.T) {
	text := strings.Repeat("x", 100_000)
	for _, announced := range []int64{-1, 100_000} {
		for limit, want := range map[int64]error{99_999: httputil.ErrBodyTooLarge, 0: httputil.ErrBodyTooLarge, 100_000: nil, 1 << 40: nil, -1: nil} {
			r := &httputil.Request{ContentLength: announced, Body: io.NopCloser(iotest.DataErrReader(strings.NewReader(text)))}
			got, err := httputil.ReadBody(r, limit)
			if err != want || want == nil && string(got) != text {
				t.Errorf("limit %d, announced %d: %d bytes, %v", limit, announced, len(got), err)
			}
		}
	}
}

// A length that is a lie costs no memory, and faults are passed on.
func TestReadBody_TrustsNoLength(t *testing.T) {
	r := &httputil.Request{ContentLength: math.MaxInt64, Body: io.NopCloser(strings.NewReader("short"))}
	got, err := httputil.ReadBody(r, -1)
	if string(got) != "short" || err != nil || cap(got) > 100<<10 {
		t.Errorf("%d bytes in %d, %v", len(got), cap(got), err)
	}
	r = &httputil.Request{ContentLength: -1, Body: io.NopCloser(iotest.TimeoutReader(strings.NewReader("xyz")))}
	if got, err := httputil.ReadBody(r, 10); got != nil || !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("%q, %v", got, err)
	}
}
