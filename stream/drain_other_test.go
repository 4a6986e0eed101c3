package stream_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"eddy/internal/poll"
	"eddy/stream"
)

// drainer is a sink that drains another stream while it is told of bytes.
type drainer struct {
	recorder
	other *stream.Stream
}

func (d *drainer) StreamReadable() {
	d.other.Drain()
	d.recorder.StreamReadable()
}

// What a sink is shown is in the loop's own buffer, which a drain must not use.
func TestDrain_OfAnotherStreamWhileToldOfBytes(t *testing.T) {
	d := &drainer{other: new(stream.Stream)}
	bubble(t, d, func(h *harness) {
		d.s = h.s
		var other *poll.Peer
		h.on(func() {
			var fd int
			fd, other = h.fake.Socket()
			if err := d.other.Init(h.loop, fd, &recorder{}); err != nil {
				t.Error(err)
			}
			d.other.Pause()
		})
		other.Send(strings.Repeat("dropped", 100))
		synctest.Wait()
		h.peer.Send("kept")
		synctest.Wait()
		if d.got != "kept" || d.closed != 0 {
			t.Errorf("got %q, closed %d times", d.got, d.closed)
		}
	})
}
