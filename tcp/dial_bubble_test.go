package tcp_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"eddy/internal/poll"
	"eddy/loop"
	"eddy/tcp"
)

// names is a resolver that knows some names.
type names map[string][]netip.AddrPort

func (n names) Resolve(_ context.Context, q tcp.Query) ([]netip.AddrPort, error) {
	return slices.Clone(n[q.Host]), nil
}

func addrs(list ...string) []netip.AddrPort {
	parsed := make([]netip.AddrPort, len(list))
	for i, a := range list {
		parsed[i] = netip.MustParseAddrPort(a)
	}
	return parsed
}

// dialing is a loop on a fake poller, in a bubble of fake time. What happens to an attempt is
// told by a script: after a while it is refused (the error is not nil) or made.
type dialing struct {
	t      *testing.T
	fake   *poll.Fake
	loop   *loop.Loop
	script map[string]fate
	begun  []string // the addresses, with the time since the dial began
	peers  map[string]*poll.Peer
	from   []netip.AddrPort
	start  time.Time
}

type fate struct {
	after time.Duration // negative: at once, by the call itself
	err   error
}

// silence is the fate of an attempt that is never answered.
var silence = fate{after: 1000 * time.Hour}

func dialBubble(t *testing.T, script map[string]fate, f func(d *dialing)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := &dialing{t: t, fake: poll.NewFake(), script: script, peers: map[string]*poll.Peer{}, start: time.Now()}
		d.fake.OnConnect(d.connect)
		var err error
		d.loop, err = loop.New(loop.Options{Poller: d.fake, Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		go d.loop.Run()
		f(d)
		d.loop.Close()
		if n := d.fake.Open(); n != 0 {
			t.Errorf("%d descriptors are open after the loop was closed", n)
		}
	})
}

func (d *dialing) connect(t poll.Target, far *poll.Peer) error {
	name := t.Addr.String()
	if t.Path != "" {
		name = t.Path
	}
	d.begun = append(d.begun, fmt.Sprintf("%s %v", name, time.Since(d.start)))
	d.from = append(d.from, t.Local)
	d.peers[name] = far
	fate, ok := d.script[name]
	switch {
	case !ok:
		fate = silence
	case fate.after < 0 && fate.err != nil:
		return fate.err
	}
	time.AfterFunc(max(fate.after, 0), func() {
		if errno, ok := fate.err.(syscall.Errno); ok {
			far.Reset(errno)
		} else {
			far.Establish()
		}
	})
	return nil
}

// dial dials in a coroutine of the loop and returns the address that was connected to.
func (d *dialing) dial(ctx context.Context, addr string, o tcp.DialOptions) (string, error) {
	d.t.Helper()
	d.start = time.Now()
	var won string
	err := d.loop.Do(ctx, func(ctx context.Context) error {
		s, err := tcp.Dial(ctx, addr, o)
		if err != nil {
			return err
		}
		defer s.CloseNow()
		won = d.loop.Files().PeerAddr(s.FD()).String()
		if s.Loop() != d.loop {
			d.t.Error("the stream is another loop's")
		}
		if n := d.loop.Descriptors(); n != 1 || d.fake.Open() != 1 {
			d.t.Errorf("%d descriptors are registered and %d open, want the winner's alone", n, d.fake.Open())
		}
		return nil
	})
	if n := d.fake.Open(); n != 0 {
		d.t.Errorf("%d descriptors are open afterwards", n)
	}
	return won, err
}

const (
	a4 = "192.0.2.1:80"
	b4 = "192.0.2.2:80"
	c4 = "192.0.2.3:80"
	a6 = "[2001:db8::1]:80"
	b6 = "[2001:db8::2]:80"
)

type resolverFunc func(context.Context, tcp.Query) ([]netip.AddrPort, error)

func (f resolverFunc) Resolve(ctx context.Context, q tcp.Query) ([]netip.AddrPort, error) {
	return f(ctx, q)
}
