package httpserver_test

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"eddy/httpserver"
)

// Loops share the line, and their clocks need not agree about the second.
func TestDate_IsThatOfItsSecond(t *testing.T) {
	var d httpserver.Date
	start := time.Date(2026, 12, 31, 23, 59, 50, 0, time.FixedZone("", 3600))
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for j := range 20_000 {
				now := start.Add(time.Duration((j*7+i)%20_000) * time.Millisecond)
				want := "Date: " + now.UTC().Format("Mon, 02 Jan 2006 15:04:05") + " GMT\r\n"
				if got := d.Line(now); got != want {
					t.Errorf("%q, want %q", got, want)
					return
				}
			}
		})
	}
	all.Wait()
	if n := testing.AllocsPerRun(100, func() { d.Bytes(start) }); n != 0 {
		t.Errorf("%v allocations within one second", n)
	}
}

func TestDate_ChangesWithTheSecond(t *testing.T) {
	bubble(t, echo, httpserver.Options{}, func(h *harness) {
		p := h.connect()
		for range 5 {
			p.Send(get)
			synctest.Wait()
			want := "Date: " + time.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05") + " GMT\r\n"
			if got := p.Take(); !strings.Contains(got, want) {
				t.Errorf("%q lacks %q", got, want)
			}
			time.Sleep(700 * time.Millisecond)
		}
	})
}
