package httpclient_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"eddy/httpclient"
	"eddy/httputil"
	"eddy/internal/poll"
	"eddy/internal/testlog"
	"eddy/loop"
)

// fakeNet is a client on one loop whose connections are in memory, in a bubble of fake time. Servers are the far
// ends of its connections, and what the test does with them.
type fakeNet struct {
	t      *testing.T
	client *httpclient.Client
	loop   *loop.Loop
	fake   *poll.Fake
	dials  []*poll.Peer
	refuse error // what becomes of connections
	stall  bool  // they are neither made nor refused
}

const server = "http://192.0.2.1"

// onFakeNet runs f with a client of o, and checks afterwards that nothing is left.
func onFakeNet(t *testing.T, o httpclient.Options, f func(n *fakeNet)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := &fakeNet{t: t, fake: poll.NewFake()}
		n.fake.OnConnect(func(_ poll.Target, far *poll.Peer) error {
			if n.refuse != nil {
				return n.refuse
			}
			n.dials = append(n.dials, far)
			if !n.stall {
				far.Establish()
			}
			return nil
		})
		_, logger := testlog.New()
		g, err := loop.NewGroup(1, loop.Options{Poller: n.fake, Logger: logger})
		if err != nil {
			t.Fatal(err)
		}
		n.loop = g.Loops()[0]
		o.Group, o.Logger = g, logger
		n.client = httpclient.New(o)
		defer n.finish(g)
		f(n)
	})
}

func (n *fakeNet) finish(g *loop.Group) {
	time.Sleep(5 * time.Second) // what is closed in order may wait for its peer
	n.client.Close()
	synctest.Wait()
	if k := n.fake.Open(); k != 0 {
		n.t.Errorf("%d descriptors are left", k)
	}
	if k := n.loop.Load(); k != 0 {
		n.t.Errorf("the loop's load is %d", k)
	}
	if active, queued, hosts := n.client.Busy(); active != 0 || queued != 0 || hosts != 0 {
		n.t.Errorf("%d places are taken, %d wait, for %d hosts", active, queued, hosts)
	}
	g.Close()
}

type header = httputil.Header

// result is how a fetch ends.
type result struct {
	resp *httpclient.Response
	err  error
	took time.Duration
}

// do begins a fetch in a goroutine.
func (n *fakeNet) do(ctx context.Context, r *httpclient.Request) chan result {
	done := make(chan result, 1)
	began := time.Now()
	go func() {
		resp, err := n.client.Do(ctx, r)
		done <- result{resp, err, time.Since(began)}
	}()
	synctest.Wait()
	return done
}

// get begins to fetch a path.
func (n *fakeNet) get(path string) chan result {
	return n.do(context.Background(), &httpclient.Request{URL: server + path})
}

// last is the far end of the connection that was made last.
func (n *fakeNet) last() *poll.Peer {
	n.t.Helper()
	if len(n.dials) == 0 {
		n.t.Fatal("no connection was made")
	}
	return n.dials[len(n.dials)-1]
}

// answer sends a response on the connection that was made last.
func (n *fakeNet) answer(s string) {
	n.t.Helper()
	n.last().Send(s)
	synctest.Wait()
}

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// good checks that a fetch has ended well.
func (n *fakeNet) good(done chan result, body string) *httpclient.Response {
	n.t.Helper()
	r := <-done
	if r.err != nil || string(r.resp.Body) != body {
		n.t.Fatalf("%v, %+v", r.err, r.resp)
	}
	return r.resp
}

// failed checks that a fetch has failed in a phase, for a reason, after a time (to a tenth of a second; to twice the
// time for the silence in an upload, whose progress is looked at when it is over).
func (n *fakeNet) failed(done chan result, phase httpclient.Phase, reason error, after time.Duration) {
	n.t.Helper()
	r := <-done
	failsIn(n.t, r.err, phase, reason)
	most := after
	if phase == httpclient.PhaseSend {
		most = 2 * after
	}
	if r.took < after || r.took > most+200*time.Millisecond {
		n.t.Errorf("after %v, want %v", r.took, after)
	}
}

func failsIn(t testing.TB, err error, phase httpclient.Phase, reason error) {
	t.Helper()
	e, ok := err.(*httpclient.Error)
	if !ok {
		t.Fatalf("%T %v, want *Error", err, err)
	}
	want, timeout := reason.(*httpclient.TimeoutError)
	got, _ := errors.AsType[*httpclient.TimeoutError](err)
	switch {
	case e.Phase != phase:
		t.Errorf("phase %s, want %s: %v", e.Phase, phase, err)
	case timeout && (got == nil || *got != *want):
		t.Errorf("%v, want %v", err, want)
	case timeout && (!e.Timeout() || !errors.Is(err, httpclient.ErrTimeout)):
		t.Errorf("%v is no timeout", err)
	case !timeout && !errors.Is(err, reason):
		t.Errorf("%v, want %v", err, reason)
	}
}

// closed reports whether the client has closed its end.
func closed(p *poll.Peer) bool {
	c, _ := p.Closed()
	return c
}

// took returns the first line of what came at a server.
func took(p *poll.Peer) string {
	line, _, _ := strings.Cut(p.Take(), "\r\n")
	return strings.TrimSuffix(line, " HTTP/1.1")
}

// poller returns one for another loop, whose connections are made and stay silent.
func poller(n *fakeNet) *poll.Fake {
	f := poll.NewFake()
	f.OnConnect(func(_ poll.Target, far *poll.Peer) error {
		n.dials = append(n.dials, far)
		far.Establish()
		return nil
	})
	return f
}
