package httpclient_test

import (
	"math/rand/v2"
	"testing"

	"eddy/httpclient"
)

// All bytes come out in their order, and each was moved a few times at most, whatever the sizes in which they come and go.
func TestInbox_MovesLittle(t *testing.T) {
	const total = 1 << 18
	room := make([]byte, 1<<17)
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		piece, taken, most := 1+r.IntN(1<<r.IntN(17)), 1+r.IntN(1<<r.IntN(17)), 1+r.IntN(1<<r.IntN(21))
		var b httpclient.Inbox
		var in, out byte
		got, moved := 0, 0
		for came := 0; got < total; {
			for b.Len() < most && came < total {
				data := room[:min(1+r.IntN(piece), total-came)]
				for i := range data {
					data[i] = in
					in++
				}
				moved += b.Add(data, -1)
				came += len(data)
			}
			p := room[:1+r.IntN(taken)]
			n := b.Take(p)
			for _, c := range p[:n] {
				if c != out {
					t.Fatalf("seed %d: %d in place of %d", seed, c, out)
				}
				out++
			}
			got += n
		}
		if moved > 2*total || b.Room() > 2*(most+piece) {
			t.Errorf("seed %d: pieces of %d in and %d out: %d bytes moved of %d; room for %d", seed, piece, taken, moved, total, b.Room())
		}
	}
}

// A length that is known is all the room that is made, and no more than has come is believed at first.
func TestInbox_OfKnownLength(t *testing.T) {
	for _, total := range []int{1, 1000, 64 << 10, 100_000, 8 << 20} {
		var b httpclient.Inbox
		for came := 0; came < total; {
			n := min(1000, total-came)
			b.Add(make([]byte, n), int64(total))
			if came += n; b.Room() > max(2*came, 64<<10) {
				t.Fatalf("room for %d when %d of %d have come", b.Room(), came, total)
			}
		}
		if b.Room() != total {
			t.Errorf("room for %d of %d", b.Room(), total)
		}
	}
}
