package stream_test

import (
	"testing"
	"testing/synctest"

	"eddy/async"
)

// Over TLS a write is done when the records that hold it have left, whole writes of it and
// no earlier.
func TestWriteFuture_OverTLS(t *testing.T) {
	for _, step := range []int{1, 7, 100, 30_000, 1 << 20} {
		sizes := []int{1, 100, 0, 20_000, 60_000, 5}
		if step < 100 {
			sizes = []int{1, 10, 0, 30}
		}
		tlsBubble(t, nil, nil, func(p *tlsPair) {
			p.mustStart()
			p.toC.SetRoom(0)
			var futures []*async.Future[struct{}]
			var ends []int
			end := 0
			p.on(func() {
				for _, n := range sizes {
					f, err := p.client.WriteFuture(make([]byte, n))
					if err != nil {
						t.Error(err)
					}
					end += n
					futures, ends = append(futures, f), append(ends, end)
				}
			})
			taken := 0
			for !futures[len(futures)-1].Done() {
				for i, f := range futures {
					if f.Done() && taken < ends[i]+22 { // header and tag of a record
						t.Fatalf("step %d: the write that ends at %d is done after %d bytes of records", step, ends[i], taken)
					}
				}
				p.toC.SetRoom(step)
				p.on(func() {})
				n := len(p.toC.Take())
				if taken += n; n == 0 {
					t.Fatal("nothing goes on")
				}
			}
			for i, f := range futures {
				if _, err, done := f.Result(); !done || err != nil {
					t.Errorf("step %d: write %d: %v, %v", step, i, done, err)
				}
			}
			p.on(func() {
				if p.client.Pending() != 0 {
					t.Errorf("step %d: done with %d bytes pending", step, p.client.Pending())
				}
			})
		})
	}
}

// What was written before a handshake failed was not sent.
func TestWriteFuture_OfAHandshakeThatFails(t *testing.T) {
	tlsBubble(t, nil, &recorder{}, func(p *tlsPair) {
		told := p.begin(nil)
		var done func() (struct{}, error, bool)
		p.on(func() {
			f, err := p.server.WriteFuture([]byte("secret"))
			if err != nil {
				t.Fatal(err)
			}
			done = f.Result
		})
		p.toS.Send("garbage, and no hello")
		synctest.Wait()
		if <-told == nil {
			t.Fatal("the handshake succeeded")
		}
		p.toS.CloseWrite()
		synctest.Wait()
		if _, err, done := done(); !done || err == nil {
			t.Errorf("the write is done %v with %v", done, err)
		}
	})
}

// It is done no later either: what follows is longer encrypted, and must not count against it.
func TestWriteFuture_OverTLSIsDoneWhenItsRecordsHaveLeft(t *testing.T) {
	const first = 48 << 10 // what is encrypted at a time
	tlsBubble(t, nil, nil, func(p *tlsPair) {
		p.mustStart()
		p.toC.SetRoom(0)
		var f *async.Future[struct{}]
		p.on(func() {
			f, _ = p.client.WriteFuture(make([]byte, first))
			p.client.WriteFuture(make([]byte, first))
		})
		p.toC.SetRoom(p.pending(p.client) - first) // all of the first records, nothing of others
		p.on(func() {})
		if !f.Done() {
			t.Errorf("%d bytes of records have left, and the write is not done", len(p.toC.Take()))
		}
	})
}
