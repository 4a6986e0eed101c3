package httpclient_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"eddy/httpclient"
	"eddy/internal/poll"
	"eddy/loop"
)

// Close ends everything that is under way, wherever it is, and nothing begins after it.
func TestClient_CloseEndsAll(t *testing.T) {
	for _, c := range stalls {
		t.Run(c.name, func(t *testing.T) {
			onFakeNet(t, httpclient.Options{Resolver: c.options.Resolver, ExpectTimeout: -1, MaxPerHost: 1}, func(n *fakeNet) {
				n.stall = c.stall
				r := c.request
				r.ConnectTimeout, r.ReadTimeout = 0, 0
				if r.URL == "" {
					r.URL = server
				}
				if c.room > 0 {
					n.fake.OnConnect(func(_ poll.Target, far *poll.Peer) error {
						far.SetRoom(c.room)
						far.Establish()
						return nil
					})
				}
				done, queued := n.do(context.Background(), &r), n.do(context.Background(), &r)
				if c.sends != "" {
					n.answer(c.sends)
				}
				n.client.Close()
				for _, ended := range []chan result{done, queued, n.do(context.Background(), &r)} {
					if res := <-ended; !errors.Is(res.err, httpclient.ErrClosed) || res.took > 0 {
						t.Errorf("%v after %v", res.err, res.took)
					}
				}
				n.client.Close()
			})
		})
	}
	used(t, httpclient.Options{}, func(n *fakeNet) {
		n.client.Close()
		if synctest.Wait(); !closed(n.last()) {
			t.Error("an idle connection is open")
		}
	})
}

// What is read as it arrives ends, too.
func TestClient_CloseEndsStreams(t *testing.T) {
	onFakeNet(t, httpclient.Options{}, func(n *fakeNet) {
		time.AfterFunc(time.Second, func() { n.last().Send(head + "12345") })
		s, err := n.client.Stream(context.Background(), &httpclient.Request{URL: server})
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Second, func() { n.client.Close() })
		b, err := io.ReadAll(s)
		if string(b) != "12345" {
			t.Errorf("%q", b)
		}
		failsIn(t, err, "body", httpclient.ErrClosed)
		s.Close()
	})
}

// Close at any moment of very many fetches, from goroutines and from coroutines.
func TestClient_CloseAtAnyMoment(t *testing.T) {
	s := newServer(t, echo)
	g, err := loop.NewGroup(2, loop.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for round := range 10 {
		c := httpclient.New(httpclient.Options{MaxClients: 10})
		var all sync.WaitGroup
		begun := make(chan struct{}, 1000)
		work := func(ctx context.Context) {
			defer all.Done()
			for i := range 20 {
				r := &httpclient.Request{URL: s.URL, Method: "PUT", Body: make([]byte, 20<<10)}
				if i%3 == 0 {
					r.Body, r.BodyReader = nil, strings.NewReader("reader")
				}
				_, err := c.Do(ctx, r)
				if err != nil && !errors.Is(err, httpclient.ErrClosed) {
					t.Error(err)
				}
				begun <- struct{}{}
			}
		}
		for i := range 30 {
			all.Add(1)
			if i%2 == 0 {
				go work(context.Background())
			} else {
				g.Pick().Spawn(context.Background(), work)
			}
		}
		for range round * 30 {
			<-begun
		}
		c.Close()
		all.Wait()
		if active, queued, _ := c.Busy(); active != 0 || queued != 0 {
			t.Fatalf("%d places are taken, %d wait", active, queued)
		}
	}
}

// The owner of the loops closes them: fetches end, and later ones fail.
func TestClient_GroupIsClosed(t *testing.T) {
	s := newServer(t, echo)
	for round := range 10 {
		g, err := loop.NewGroup(2, loop.Options{})
		if err != nil {
			t.Fatal(err)
		}
		c := httpclient.New(httpclient.Options{Group: g, MaxClients: 5})
		var all sync.WaitGroup
		begun := make(chan struct{}, 1000)
		for range 20 {
			all.Go(func() {
				for range 20 {
					c.Do(context.Background(), &httpclient.Request{URL: s.URL, Method: "PUT", Body: make([]byte, 20<<10)})
					begun <- struct{}{}
				}
			})
		}
		for range round * 20 {
			<-begun
		}
		g.Close()
		all.Wait()
		if _, err := c.Get(context.Background(), s.URL); err == nil {
			t.Error("fetched by no loop")
		}
		if active, queued, _ := c.Busy(); active != 0 || queued != 0 {
			t.Fatalf("%d places are taken, %d wait", active, queued)
		}
		c.Close()
	}
}

// Who reads a body and who leaves it, at once, are told when the loops are closed at that moment.
func TestClient_GroupIsClosedWhileABodyIsLeft(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	for range 50 {
		g, err := loop.NewGroup(1, loop.Options{})
		if err != nil {
			t.Fatal(err)
		}
		c := httpclient.New(httpclient.Options{Group: g})
		ctx, cancel := context.WithCancel(context.Background())
		req, err := http.NewRequestWithContext(ctx, "GET", s.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := (&httpclient.Transport{Client: c}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := resp.Body.Read(make([]byte, 1)); err == nil {
				t.Error("read what was not sent")
			}
		})
		all.Go(func() { g.Close() })
		all.Go(cancel)
		all.Go(func() { resp.Body.Close() })
		all.Wait()
		c.Close()
	}
}

// Loops that come and go leave nothing behind in a client that stays.
func TestClient_LoopsComeAndGo(t *testing.T) {
	s := newServer(t, echo)
	c := newClient(t, httpclient.Options{})
	for range 20 {
		g, err := loop.NewGroup(1, loop.Options{})
		if err != nil {
			t.Fatal(err)
		}
		err = g.Pick().Do(context.Background(), func(ctx context.Context) error {
			_, err := c.Get(ctx, s.URL)
			return err
		})
		if err != nil {
			t.Error(err)
		}
		g.Close()
		if n := c.Homes(); n > 1 {
			t.Fatalf("parts on %d loops", n)
		}
	}
	if conns, keys := c.Resting(); conns != 0 || keys != 0 {
		t.Errorf("%d connections of %d keys rest on closed loops", conns, keys)
	}
}

// A stream that is closed early keeps its connection if the rest is here, or comes soon and is not much.
func TestStream_Close(t *testing.T) {
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for name, c := range map[string]struct {
		sends, later string
		read         int
		after        time.Duration
		kept         bool
	}{
		"all is here":            {sends: head + "1234567890", kept: true},
		"all was read":           {sends: head + "1234567890", read: 10, kept: true},
		"a part was read":        {sends: head + "12345", read: 3, later: "67890", kept: true},
		"soon":                   {sends: head, later: "1234567890", after: 100 * time.Millisecond, kept: true},
		"later":                  {sends: head, later: "1234567890", after: time.Second},
		"never":                  {sends: head + "1"},
		"chunks":                 {sends: chunked + "1\r\na", later: "\r\n0\r\n\r\n", kept: true},
		"much, and all was here": {sends: "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 100_000), read: 70_000, kept: true},
		"too much":               {sends: "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n", later: strings.Repeat("x", 200_000)},
		"too many chunks":        {sends: chunked, later: strings.Repeat("400\r\n"+strings.Repeat("x", 1024)+"\r\n", 100) + "0\r\n\r\n"},
		"to the end":             {sends: "HTTP/1.1 200 OK\r\n\r\nabc"},
		"said to close":          {sends: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nab", later: "c"},
		"a fault":                {sends: chunked + "1\r\na", later: "zz"},
	} {
		t.Run(name, func(t *testing.T) {
			onFakeNet(t, httpclient.Options{}, func(n *fakeNet) {
				time.AfterFunc(time.Second, func() { n.last().Send(c.sends) })
				s, err := n.client.Stream(context.Background(), &httpclient.Request{URL: server})
				if err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if _, err := io.ReadFull(s, make([]byte, c.read)); err != nil {
					t.Fatal(err)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
				if _, err := s.Read(make([]byte, 1)); err == nil {
					t.Error("read after Close")
				}
				time.Sleep(c.after)
				n.last().Send(c.later)
				time.Sleep(2 * time.Second)
				if conns, _ := n.client.Resting(); (conns == 1) != c.kept || closed(n.last()) == c.kept {
					t.Errorf("%d connections rest; closed: %v", conns, closed(n.last()))
				}
				if active, _, _ := n.client.Busy(); active != 0 {
					t.Error("the place is taken")
				}
				s.Close()
			})
		})
	}
}

// A body that fills what waits for its reader to the last byte has its end, too.
func TestStream_FullToItsLastByte(t *testing.T) {
	for _, size := range []int{64<<10 - 1, 64 << 10, 64<<10 + 1, 100_000, 128 << 10, 300_000} {
		onFakeNet(t, httpclient.Options{}, func(n *fakeNet) {
			time.AfterFunc(time.Second, func() {
				n.last().Send(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", size) + strings.Repeat("x", size))
			})
			s, err := n.client.Stream(context.Background(), &httpclient.Request{URL: server})
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			began := time.Now()
			if b, err := io.ReadAll(s); len(b) != size || err != nil || time.Since(began) > 0 {
				t.Errorf("%d of %d bytes, %v, after %v", len(b), size, err, time.Since(began))
			}
			if conns, _ := n.client.Resting(); conns != 1 {
				t.Errorf("%d: the connection was not kept", size)
			}
		})
	}
}
