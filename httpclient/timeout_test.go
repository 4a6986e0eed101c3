package httpclient_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"eddy/httpclient"
	"eddy/internal/poll"
	"eddy/tcp"
)

// silent looks up nothing.
type silent struct{}

func (silent) Resolve(ctx context.Context, _ tcp.Query) ([]netip.AddrPort, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

const head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"

// stalls are the servers that say no more at some point.
var stalls = []struct {
	name    string
	options httpclient.Options
	request httpclient.Request
	stall   bool
	sends   string
	room    int // that the server has for the request; 0: enough
	phase   httpclient.Phase
	limit   string
	after   time.Duration
}{
	{name: "resolve", options: httpclient.Options{Resolver: silent{}, ConnectTimeout: 3 * time.Second},
		request: httpclient.Request{URL: "http://name.example"}, phase: "resolve", limit: "ConnectTimeout", after: 3 * time.Second},
	{name: "resolve, request first", options: httpclient.Options{Resolver: silent{}, ConnectTimeout: 3 * time.Second, RequestTimeout: 2 * time.Second},
		request: httpclient.Request{URL: "http://name.example"}, phase: "resolve", limit: "RequestTimeout", after: 2 * time.Second},
	{name: "connect", options: httpclient.Options{ConnectTimeout: 3 * time.Second}, stall: true,
		phase: "connect", limit: "ConnectTimeout", after: 3 * time.Second},
	{name: "connect, of the request", request: httpclient.Request{ConnectTimeout: time.Second}, stall: true,
		phase: "connect", limit: "ConnectTimeout", after: time.Second},
	{name: "connect, no limit of its own", options: httpclient.Options{ConnectTimeout: -1, RequestTimeout: time.Second}, stall: true,
		phase: "connect", limit: "RequestTimeout", after: time.Second},
	{name: "TLS", options: httpclient.Options{ConnectTimeout: 3 * time.Second},
		request: httpclient.Request{URL: "https://192.0.2.1", TLS: &tls.Config{InsecureSkipVerify: true}},
		phase:   "TLS", limit: "ConnectTimeout", after: 3 * time.Second},
	{name: "head, total", options: httpclient.Options{RequestTimeout: 5 * time.Second}, phase: "head", limit: "RequestTimeout", after: 5 * time.Second},
	{name: "head, silence", options: httpclient.Options{ReadTimeout: 2 * time.Second}, phase: "head", limit: "ReadTimeout", after: 2 * time.Second},
	{name: "in the head", options: httpclient.Options{ReadTimeout: 2 * time.Second}, sends: "HTTP/1.1 200", phase: "head", limit: "ReadTimeout", after: 2 * time.Second},
	{name: "behind an interim head", options: httpclient.Options{ReadTimeout: 2 * time.Second}, sends: "HTTP/1.1 102 P\r\n\r\n",
		phase: "head", limit: "ReadTimeout", after: 2 * time.Second},
	{name: "body, total", options: httpclient.Options{RequestTimeout: 5 * time.Second}, sends: head + "12345", phase: "body", limit: "RequestTimeout", after: 5 * time.Second},
	{name: "body, silence", request: httpclient.Request{ReadTimeout: 2 * time.Second}, sends: head + "12345", phase: "body", limit: "ReadTimeout", after: 2 * time.Second},
	{name: "chunks", options: httpclient.Options{ReadTimeout: 2 * time.Second}, sends: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
		phase: "body", limit: "ReadTimeout", after: 2 * time.Second},
	{name: "to the end of the connection", options: httpclient.Options{ReadTimeout: 2 * time.Second}, sends: "HTTP/1.0 200 OK\r\n\r\nabc",
		phase: "body", limit: "ReadTimeout", after: 2 * time.Second},
	{name: "an upload that nobody reads", options: httpclient.Options{ReadTimeout: 2 * time.Second, RequestTimeout: time.Minute}, room: 1000,
		request: httpclient.Request{Method: "PUT", Body: make([]byte, 1<<20)}, phase: "send", limit: "ReadTimeout", after: 2 * time.Second},
	{name: "a produced upload that nobody reads", options: httpclient.Options{ReadTimeout: 2 * time.Second, RequestTimeout: time.Minute}, room: 1000,
		request: httpclient.Request{Method: "PUT", BodyReader: endless{}}, phase: "send", limit: "ReadTimeout", after: 2 * time.Second},
	{name: "never asked for the body", options: httpclient.Options{ReadTimeout: 2 * time.Second, ExpectTimeout: -1},
		request: httpclient.Request{Method: "PUT", Body: []byte("x"), ExpectContinue: true}, phase: "send", limit: "ReadTimeout", after: 2 * time.Second},
}

// endless is a body without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestTimeouts_EachSaysWhatAndWhere(t *testing.T) {
	for _, c := range stalls {
		t.Run(c.name, func(t *testing.T) {
			onFakeNet(t, c.options, func(n *fakeNet) {
				n.stall = c.stall
				r := c.request
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
				done := n.do(context.Background(), &r)
				if c.sends != "" {
					n.answer(c.sends)
				}
				n.failed(done, c.phase, &httpclient.TimeoutError{Limit: c.limit, After: c.after}, c.after)
				for _, far := range n.dials {
					if time.Sleep(3 * time.Second); !closed(far) {
						t.Error("the connection is open")
					}
				}
			})
		})
	}
}

func TestTimeouts_Queue(t *testing.T) {
	onFakeNet(t, httpclient.Options{MaxClients: 1, QueueTimeout: time.Second}, func(n *fakeNet) {
		first, second := n.get("/1"), n.get("/2")
		n.failed(second, "queue", &httpclient.TimeoutError{Limit: "QueueTimeout", After: time.Second}, time.Second)
		n.answer(ok)
		n.good(first, "ok")
	})
}

// The time in the queue is no part of the others.
func TestTimeouts_BeginWithTheTurn(t *testing.T) {
	onFakeNet(t, httpclient.Options{MaxClients: 1, RequestTimeout: 3 * time.Second}, func(n *fakeNet) {
		first, second := n.get("/1"), n.get("/2")
		time.Sleep(2 * time.Second)
		n.answer(ok)
		n.good(first, "ok")
		time.Sleep(2 * time.Second)
		n.answer(ok)
		resp := n.good(second, "ok")
		if q, total := resp.Time.Queue, resp.Time.Total; q != 2*time.Second || total != 2*time.Second {
			t.Errorf("queue %v, total %v", q, total)
		}
		if c := resp.Time.Connect; c != 0 || len(n.dials) != 1 {
			t.Errorf("connected after %v, %d dials", c, len(n.dials))
		}
	})
}

// A server that drips is not silent, and is ended by the time for all.
func TestTimeouts_Drip(t *testing.T) {
	onFakeNet(t, httpclient.Options{RequestTimeout: 20 * time.Second, ReadTimeout: 2 * time.Second}, func(n *fakeNet) {
		done := n.get("/")
		n.answer("HTTP/1.1 200 OK\r\n\r\n")
		for range 21 {
			n.answer("x")
			time.Sleep(time.Second)
		}
		n.failed(done, "body", &httpclient.TimeoutError{Limit: "RequestTimeout", After: 20 * time.Second}, 20*time.Second)
	})
}

// Only silence ends a response that is read as it arrives.
func TestTimeouts_Stream(t *testing.T) {
	onFakeNet(t, httpclient.Options{RequestTimeout: 2 * time.Second, ReadTimeout: 5 * time.Second}, func(n *fakeNet) {
		time.AfterFunc(time.Second, func() { n.last().Send("HTTP/1.1 200 OK\r\n\r\n") })
		s, err := n.client.Stream(context.Background(), &httpclient.Request{URL: server})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var b [100]byte
		for range 10 {
			time.AfterFunc(4*time.Second, func() { n.last().Send("x") })
			if k, err := s.Read(b[:]); k != 1 || err != nil {
				t.Fatal(k, err)
			}
		}
		_, err = s.Read(b[:])
		failsIn(t, err, "body", &httpclient.TimeoutError{Limit: "ReadTimeout", After: 5 * time.Second})
		if !closed(n.last()) {
			t.Error("the connection is open")
		}
	})
}

// A reader that takes its time is not a silent server.
func TestTimeouts_SlowReader(t *testing.T) {
	onFakeNet(t, httpclient.Options{ReadTimeout: 2 * time.Second}, func(n *fakeNet) {
		const size = 300 << 10
		time.AfterFunc(time.Second, func() {
			n.last().Send("HTTP/1.1 200 OK\r\nContent-Length: 307200\r\n\r\n" + strings.Repeat("x", size))
		})
		s, err := n.client.Stream(context.Background(), &httpclient.Request{URL: server})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		got := 0
		for b := make([]byte, 64<<10); ; time.Sleep(time.Minute) {
			k, err := s.Read(b)
			if got += k; err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(got, err)
			}
			if got == k && n.last().Unread() == 0 {
				t.Error("all was read, though nobody took it")
			}
		}
		if got != size {
			t.Errorf("%d bytes", got)
		}
	})
}

// A server that takes a body slowly, or a source that gives it slowly, is not silence.
func TestTimeouts_SlowUpload(t *testing.T) {
	for name, r := range map[string]*httpclient.Request{
		"whole":  {Method: "PUT", URL: server, Body: make([]byte, 1<<20)},
		"reader": {Method: "PUT", URL: server, BodyReader: strings.NewReader(strings.Repeat("x", 1<<20))},
	} {
		t.Run(name, func(t *testing.T) {
			onFakeNet(t, httpclient.Options{RequestTimeout: -1, ReadTimeout: 5 * time.Second}, func(n *fakeNet) {
				n.fake.OnConnect(func(_ poll.Target, far *poll.Peer) error {
					n.dials = append(n.dials, far)
					far.SetRoom(1000)
					far.Establish()
					return nil
				})
				done := n.do(context.Background(), r)
				for range 20 {
					time.Sleep(4 * time.Second)
					n.last().SetRoom(1000)
				}
				n.last().SetRoom(-1)
				synctest.Wait()
				n.answer(ok)
				n.good(done, "ok")
			})
		})
	}
	onFakeNet(t, httpclient.Options{RequestTimeout: -1, ReadTimeout: 5 * time.Second}, func(n *fakeNet) {
		done := n.do(context.Background(), &httpclient.Request{Method: "PUT", URL: server, BodyProducer: func(_ context.Context, w io.Writer) error {
			time.Sleep(time.Hour)
			_, err := io.WriteString(w, "late")
			return err
		}})
		time.Sleep(time.Hour + time.Second)
		n.answer(ok)
		n.good(done, "ok")
	})
}

// A context's end is told as such, with the phase that it came in, and gives back what was taken.
func TestContext_EndsInEachPhase(t *testing.T) {
	for _, c := range stalls {
		t.Run(c.name, func(t *testing.T) {
			var o httpclient.Options
			o.Resolver, o.ExpectTimeout, o.MaxPerHost = c.options.Resolver, -1, 1
			onFakeNet(t, o, func(n *fakeNet) {
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
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				done := n.do(ctx, &r)
				queued := n.do(ctx, &r)
				if c.sends != "" {
					n.answer(c.sends)
				}
				n.failed(done, c.phase, context.DeadlineExceeded, time.Second)
				n.failed(queued, "queue", context.DeadlineExceeded, time.Second)
			})
		})
	}
}

func TestContext_EndedBeforeTheCall(t *testing.T) {
	onFakeNet(t, httpclient.Options{}, func(n *fakeNet) {
		n.good(func() chan result { d := n.get("/"); n.answer(ok); return d }(), "ok")
		n.last().Take()
		why := errors.New("why")
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(why)
		n.failed(n.do(ctx, &httpclient.Request{URL: server}), "queue", context.Canceled, 0)
		if sent := n.last().Take(); sent != "" || len(n.dials) != 1 {
			t.Errorf("sent %q, %d dials", sent, len(n.dials))
		}
		n.good(func() chan result { d := n.get("/"); n.answer(ok); return d }(), "ok")
	})
}
