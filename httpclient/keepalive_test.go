package httpclient_test

import (
	"testing"
	"testing/synctest"
	"time"

	"eddy/httpclient"
)

// A connection is closed before its server does, if that says when.
func TestPool_ServerSaysHowLong(t *testing.T) {
	for _, c := range []struct {
		fields string
		rests  time.Duration // 0: not at all
	}{
		{"", time.Minute},
		{"Keep-Alive: timeout=5\r\n", 4 * time.Second},
		{"Keep-Alive: max=9, Timeout = 3 \r\n", 2 * time.Second},
		{"Keep-Alive: max=9\r\nKeep-Alive: timeout=3\r\n", 2 * time.Second},
		{"Keep-Alive: timeout=1\r\n", time.Second / 2},
		{"Keep-Alive: timeout=0\r\n", 0},
		{"Keep-Alive: timeout=1000\r\n", time.Minute},
		{"Keep-Alive: timeout=4000000000\r\n", time.Minute},
		{"Keep-Alive: timeout=99999999999999999999\r\n", time.Minute},
		{"Keep-Alive: timeout=-1, timeout=x, timeout, 5\r\n", time.Minute},
	} {
		onFakeNet(t, httpclient.Options{}, func(n *fakeNet) {
			n.fetch(&httpclient.Request{URL: server}, "HTTP/1.1 200 OK\r\n"+c.fields+"Content-Length: 0\r\n\r\n")
			if c.rests > 0 {
				time.Sleep(c.rests - 200*time.Millisecond)
				synctest.Wait()
				if conns, _ := n.client.Resting(); conns != 1 {
					t.Errorf("%q: %d connections rest", c.fields, conns)
				}
			}
			time.Sleep(400 * time.Millisecond)
			synctest.Wait()
			if conns, _ := n.client.Resting(); conns != 0 || !closed(n.last()) {
				t.Errorf("%q: the connection is still there", c.fields)
			}
		})
	}
}
