package polltest

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"eddy/internal/poll"
)

// A wait may return early, but a poller that does so all the time keeps a processor busy.
func deadline(t *testing.T, h *harness) {
	for _, d := range []time.Duration{50 * time.Microsecond, 400 * time.Microsecond, 3*time.Millisecond + 100*time.Microsecond, 10 * time.Millisecond} {
		until := time.Now().Add(d)
		waits := 0
		for ; time.Now().Before(until); waits++ {
			if events := h.wait(t, until); len(events) != 0 {
				t.Fatalf("%v: got %v from an empty poller", d, events)
			}
		}
		if waits > 3 {
			t.Errorf("%v: it took %d waits", d, waits)
		}
	}
	for _, past := range []time.Time{poll.DontWait, time.Now(), time.Now().Add(-time.Hour)} {
		if events := h.wait(t, past); len(events) != 0 {
			t.Errorf("got %v", events)
		}
	}
}

func deadlinesMove(t *testing.T, h *harness) {
	h.wait(t, time.Now().Add(time.Millisecond))
	// The next deadline is later, then there is none, then it lies beyond every limit of
	// the system: none of them may be taken for passed.
	_, peer := h.watched(t, token, read)
	go peer.Write([]byte("x"))
	h.expect(t, token, read)
	for _, until := range []time.Time{soon(), {}, time.Now().AddDate(200, 0, 0)} {
		if events := h.wait(t, until); len(events) != 1 {
			t.Errorf("until %v: got %v, want the event", until, events)
		}
	}
	far := time.Now().AddDate(200, 0, 0)
	next := open(t, h.Kind)
	for range 3 {
		next.wg.Go(func() { next.p.Wake() })
		next.wait(t, far)
	}
}

func wake(t *testing.T, h *harness) {
	h.ok(t, h.p.Wake()) // before
	h.wait(t, time.Time{})
	for range 100 {
		h.wg.Go(func() {
			runtime.Gosched()
			h.p.Wake()
		})
		if events := h.wait(t, time.Time{}); len(events) != 0 {
			t.Fatalf("a wake-up is no event: %v", events)
		}
	}
	_, peer := h.watched(t, token, read)
	send(t, peer, "x")
	h.expect(t, token, read)
	h.ok(t, h.p.Wake()) // beside an event
	h.expect(t, token, read)
}

// However many wake-ups come before a wait, they end one wait, or a few.
func manyWakes(t *testing.T, h *harness) {
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range 100 {
				if err := h.p.Wake(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	early := -1
	for until := time.Now().Add(10 * time.Millisecond); time.Now().Before(until); early++ {
		h.wait(t, until)
	}
	if early > 3 {
		t.Errorf("5000 wake-ups ended %d waits", early)
	}
	h.ok(t, h.p.Wake()) // none of them has worn it out
	h.wait(t, time.Time{})
}

// Each wake-up that comes after the last wait has returned ends the next one.
func wakesRace(t *testing.T, h *harness) {
	const wakers, rounds = 8, 200
	acks := make([]chan struct{}, wakers)
	var mu sync.Mutex
	var asked []int
	var wg sync.WaitGroup
	for i := range wakers {
		acks[i] = make(chan struct{}, 1)
		wg.Go(func() {
			for range rounds {
				mu.Lock()
				asked = append(asked, i)
				mu.Unlock()
				h.p.Wake()
				<-acks[i]
			}
		})
	}
	for served := 0; served < wakers*rounds; {
		h.wait(t, time.Time{}) // hangs if a wake-up was lost
		mu.Lock()
		for _, i := range asked {
			acks[i] <- struct{}{}
			served++
		}
		asked = asked[:0]
		mu.Unlock()
	}
	wg.Wait()
}
