package httpclient_test

import (
	"context"
	"testing"

	"eddy/httpclient"
)

// What a fetch leaves is what the caller may keep (the request, the response, its head and body) and two
// more: the fetch and the exchange. What the URL consists of is remembered.
func TestFetch_AllocatesLittle(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	l := memoryLoop(t)
	go l.Run()
	defer l.Close()
	c := httpclient.New(httpclient.Options{})
	defer c.Close()
	err := l.Do(t.Context(), func(ctx context.Context) error {
		if n := testing.AllocsPerRun(1000, func() { get(t, ctx, c, "http://192.0.2.1/") }); n > 6 {
			t.Errorf("%.0f allocations, want 6", n)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// Each of these is a size that is allocated as it is, and one byte more would be the next one.
func TestSizes(t *testing.T) {
	for name, most := range map[string]uintptr{"pending": 448, "exchange": 512, "conn": 176, "Response": 640} {
		if n := httpclient.Sizes[name]; n > most {
			t.Errorf("%s: %d bytes, want %d at most", name, n, most)
		}
	}
}
