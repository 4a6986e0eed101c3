package stream_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"eddy/internal/testcert"
	"eddy/stream"
)

// begin puts the server side of TLS under p's server and returns where its outcome comes.
func (p *tlsPair) begin(gate *stream.Handshakes) chan error {
	p.t.Helper()
	told := make(chan error, 2)
	config := testcert.Shared().Server(p.t)
	p.on(func() {
		if err := p.server.BeginTLS(context.Background(), stream.Server, config, gate, func(err error) { told <- err }); err != nil {
			p.t.Error(err)
		}
	})
	return told
}

func (p *tlsPair) connect() chan error {
	client := p.spawn(func(ctx context.Context) error {
		return p.client.StartTLS(ctx, stream.Client, testcert.Shared().Client())
	})
	p.carry()
	return client
}

func TestBeginTLS_TellsAndDelivers(t *testing.T) {
	r := &recorder{}
	tlsBubble(t, nil, r, func(p *tlsPair) {
		told := p.begin(nil)
		p.on(func() { p.server.SendBytes([]byte("said before TLS was up")) })
		if p.toS.Take() != "" {
			t.Fatal("something left in clear")
		}
		if c, s := <-p.connect(), <-told; c != nil || s != nil {
			t.Fatal(c, s)
		}
		read := p.spawn(func(ctx context.Context) error { _, err := p.client.ReadBytes(ctx, 22); return err })
		p.spawn(func(ctx context.Context) error { return p.client.Write(ctx, []byte("hello")) })
		p.carry()
		p.on(func() {
			if r.got != "hello" || r.readable != 1 {
				t.Errorf("got %q, told %d times", r.got, r.readable)
			}
		})
		if err := <-read; err != nil {
			t.Error(err)
		}
		p.on(p.client.Close)
		p.carry()
		p.on(func() {
			if !r.eof {
				t.Error("close_notify did not arrive")
			}
			p.server.Close()
		})
		if r.closed != 1 || r.err != nil {
			t.Errorf("closed %d times with %v", r.closed, r.err)
		}
	})
}

// What was decrypted, or read from the kernel and not decrypted, is not reported by the
// poller any more.
func TestTLS_PausedStreamGoesOnByItself(t *testing.T) {
	r := &pauser{}
	tlsBubble(t, nil, r, func(p *tlsPair) {
		r.s = p.server
		told := p.begin(nil)
		if c, s := <-p.connect(), <-told; c != nil || s != nil {
			t.Fatal(c, s)
		}
		message := strings.Repeat("0123456789", 30000)
		p.on(func() { p.client.SendBytes([]byte(message)) })
		p.toS.Send(p.toC.Take())
		synctest.Wait()
		for len(r.got) < len(message) {
			before := r.readable
			p.on(func() { p.server.Resume() })
			time.Sleep(time.Minute)
			if r.readable != before+1 {
				t.Errorf("after %d of %d bytes, %d of them in the kernel: a resumed stream was told %d times",
					len(r.got), len(message), p.toS.Unread(), r.readable-before)
				return
			}
		}
		if r.got != message {
			t.Error("other bytes arrived")
		}
	})
}

// pauser takes what there is, and wants no more for a while.
type pauser struct{ recorder }

func (p *pauser) StreamReadable() {
	p.recorder.StreamReadable()
	p.s.Pause()
}

// A client that says everything in one go: its hello's successors, a request, and the end.
func TestTLS_RequestRightBehindTheHandshake(t *testing.T) {
	r := &recorder{}
	tlsBubble(t, nil, r, func(p *tlsPair) {
		told := p.begin(nil)
		client := p.spawn(func(ctx context.Context) error {
			return p.client.StartTLS(ctx, stream.Client, testcert.Shared().Client())
		})
		p.toS.Send(p.toC.Take())
		synctest.Wait()
		p.toC.Send(p.toS.Take())
		if err := <-client; err != nil {
			t.Fatal(err)
		}
		p.on(func() {
			p.client.SendBytes([]byte("request"))
			p.client.Close()
		})
		p.toS.Send(p.toC.Take()) // Finished, request and close_notify in one piece
		p.toS.CloseWrite()
		synctest.Wait()
		if err := <-told; err != nil {
			t.Fatal(err)
		}
		p.on(func() {
			if r.got != "request" || !r.eof {
				t.Errorf("got %q, eof %v", r.got, r.eof)
			}
		})
	})
}

func TestBeginTLS_PortScans(t *testing.T) {
	for name, c := range map[string]struct {
		send  string
		close bool
		quiet bool
		ask   func(error) bool
	}{
		"connect and close": {"", true, true, func(err error) bool { return errors.Is(err, io.EOF) }},
		"half a hello":      {"\x16\x03\x01\x02\x00\x01", true, true, func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }},
		"garbage":           {"\x00\x01\x02\x03\x04\x05\x06\x07", false, false, func(err error) bool { return err != nil }},
		"an endless record": {"\x16\x03\x01\xff\xff", false, false, func(err error) bool { return err != nil }},
		"SSLv2":             {"\x80\x2e\x01\x03\x01\x00\x15", false, false, func(err error) bool { return err != nil }},
		"a request in clear": {"GET / HTTP/1.1\r\n", false, false, func(err error) bool {
			var first tls.RecordHeaderError
			return errors.As(err, &first) && first.Conn != nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := &recorder{}
			tlsBubble(t, nil, r, func(p *tlsPair) {
				told := p.begin(stream.NewHandshakes("test", 1))
				p.toS.Send(c.send)
				if c.close {
					p.toS.CloseWrite()
				}
				synctest.Wait()
				if err := <-told; !c.ask(err) || stream.Quiet(err) != c.quiet {
					t.Errorf("told %v, quiet %v", err, stream.Quiet(err))
				}
				p.toS.CloseWrite()
				synctest.Wait()
				if r.closed != 1 || r.err == nil || r.readable != 0 {
					t.Errorf("closed %d times with %v, told of bytes %d times", r.closed, r.err, r.readable)
				}
			})
		})
	}
}

func TestBeginTLS_StalledHandshakeMeetsItsDeadline(t *testing.T) {
	for sent, began := range map[string]int{"": 0, "\x16\x03\x01": 0, stalledHello[:9]: 0, stalledHello: 1} {
		r := &closer{}
		tlsBubble(t, nil, r, func(p *tlsPair) {
			r.s = p.server
			gate := stream.NewHandshakes("test", 1)
			told := p.begin(gate)
			p.on(func() { p.server.SetDeadline(10 * time.Second) })
			p.toS.Send(sent)
			synctest.Wait()
			if n, _ := gate.Running(); n != began {
				t.Errorf("%d handshakes are under way after %q", n, sent)
			}
			time.Sleep(11 * time.Second)
			synctest.Wait()
			if r.closed != 1 {
				t.Error("still open")
			}
			if n, w := gate.Running(); n+w != 0 {
				t.Errorf("%d under way, %d waiting", n, w)
			}
			select {
			case err := <-told:
				t.Errorf("told %v after the close", err)
			default:
			}
		})
	}
}

// stalledHello is a whole record with the beginning of a hello: enough for a handshake to begin.
const stalledHello = "\x16\x03\x01\x00\x05\x01\x00\x02\x00\x03"

// closer is a recorder that closes at its deadline.
type closer struct{ recorder }

func (c *closer) StreamDeadline() { c.s.CloseNow() }

func TestHandshakes_WaitTheirTurn(t *testing.T) {
	gate := stream.NewHandshakes("test", 1)
	r := &recorder{}
	tlsBubble(t, nil, r, func(p *tlsPair) {
		// The first one stalls; a second and a third wait, and the second leaves.
		first, second := new(tlsPair), new(tlsPair)
		for _, q := range []*tlsPair{first, second} {
			*q = *p
			q.server, q.client = new(stream.Stream), new(stream.Stream)
			p.on(func() {
				fake := p.toS.Fake()
				fd, peer := fake.Socket()
				q.toS = peer
				q.server.Init(p.loop, fd, &recorder{})
			})
		}
		first.begin(gate)
		first.toS.Send(stalledHello)
		second.begin(gate)
		second.toS.Send(stalledHello)
		told := p.begin(gate)
		client := p.connect()
		if n, w := gate.Running(); n != 1 || w != 2 {
			t.Errorf("%d under way, %d waiting", n, w)
		}
		second.toS.Send("more")
		synctest.Wait()
		if m, _ := p.toS.Fake().Mode(second.server.FD()); m&1 != 0 {
			t.Error("a connection that waits for its turn is still read")
		}
		p.on(second.server.CloseNow)
		if n, w := gate.Running(); n != 1 || w != 1 {
			t.Errorf("%d under way, %d waiting when one has left", n, w)
		}
		p.on(first.server.CloseNow)
		p.carry()
		if c, s := <-client, <-told; c != nil || s != nil {
			t.Error(c, s)
		}
		if n, w := gate.Running(); n+w != 0 {
			t.Errorf("%d under way, %d waiting", n, w)
		}
	})
}

func TestBeginTLS_TakesUnreadBytes(t *testing.T) {
	r := &recorder{leave: true}
	tlsBubble(t, nil, r, func(p *tlsPair) {
		client := p.spawn(func(ctx context.Context) error {
			return p.client.StartTLS(ctx, stream.Client, testcert.Shared().Client())
		})
		hello := p.toC.Take()
		p.toS.Send("PREFACE" + hello[:100])
		synctest.Wait()
		p.on(func() { p.server.Discard(len("PREFACE")) })
		told := p.begin(nil)
		p.toS.Send(hello[100:])
		synctest.Wait()
		p.carry()
		if c, s := <-client, <-told; c != nil || s != nil {
			t.Error(c, s)
		}
	})
}

func TestTLS_IdleStreamsHoldNoBuffers(t *testing.T) {
	r := &recorder{}
	tlsBubble(t, nil, r, func(p *tlsPair) {
		told := p.begin(nil)
		if c, s := <-p.connect(), <-told; c != nil || s != nil {
			t.Fatal(c, s)
		}
		for _, n := range []int{1, 40000} {
			p.on(func() { p.client.SendBytes([]byte(strings.Repeat("x", n))) })
			p.carry()
			p.on(func() {
				if held := p.server.Held(); held != 0 {
					t.Errorf("after %d bytes the server holds %d", n, held)
				}
				if held := p.client.Held(); held != 0 {
					t.Errorf("after %d bytes the client holds %d", n, held)
				}
			})
		}
	})
}

func TestTLS_ReadWaitsUntilItIsUp(t *testing.T) {
	tlsBubble(t, nil, &recorder{}, func(p *tlsPair) {
		told := p.begin(nil)
		p.on(p.server.Pause)
		read := p.spawn(func(ctx context.Context) error {
			line, err := p.server.ReadUntil(ctx, []byte("\n"), 0)
			if string(line) != "early\n" {
				t.Errorf("read %q", line)
			}
			return err
		})
		client := p.connect()
		p.spawn(func(ctx context.Context) error { return p.client.Write(ctx, []byte("early\n")) })
		p.carry()
		if c, s, r := <-client, <-told, <-read; c != nil || s != nil || r != nil {
			t.Error(c, s, r)
		}
	})
}

// The kernel is not asked again before it says that it has room.
func TestTLS_BlockedOutputCostsOneWrite(t *testing.T) {
	tlsBubble(t, nil, nil, func(p *tlsPair) {
		p.mustStart()
		p.toS.SetRoom(10)
		_, before := p.toS.Calls()
		p.on(func() { p.server.SendBytes(make([]byte, 1000)) })
		if _, writes := p.toS.Calls(); writes != before+1 {
			t.Errorf("%d writes", writes-before)
		}
	})
}

// The poller may be wrong: what has not come begins no handshake.
func TestBeginTLS_ReadyForNothing(t *testing.T) {
	tlsBubble(t, nil, &recorder{}, func(p *tlsPair) {
		gate := stream.NewHandshakes("test", 1)
		told := p.begin(gate)
		client := p.spawn(func(ctx context.Context) error {
			return p.client.StartTLS(ctx, stream.Client, testcert.Shared().Client())
		})
		hello := p.toC.Take()
		for _, part := range []string{hello[:3], hello[3:10]} {
			p.toS.SetStorm(1)
			p.toS.Send(part)
			synctest.Wait()
			if running, _ := gate.Running(); running != 0 {
				t.Fatalf("%d handshakes run after %q", running, part)
			}
		}
		p.toS.Send(hello[10:])
		synctest.Wait()
		p.carry()
		if c, s := <-client, <-told; c != nil || s != nil {
			t.Error(c, s)
		}
	})
}

// What was to be sent by TLS is dropped when there is none, and nobody is told otherwise.
func TestBeginTLS_FailureIsTheWritersToo(t *testing.T) {
	tlsBubble(t, nil, &recorder{}, func(p *tlsPair) {
		told := p.begin(nil)
		written := p.spawn(func(ctx context.Context) error { return p.server.Write(ctx, make([]byte, 2*stream.HighWater)) })
		p.toS.Send("\x16\x03\x01\x00\x05hello") // which is answered by an alert
		synctest.Wait()
		var fault *stream.TLSError
		if err := <-told; !errors.As(err, &fault) {
			t.Error(err)
		}
		if err := <-written; !errors.As(err, &fault) || !errors.Is(err, stream.ErrClosed) {
			t.Errorf("what was dropped passes for written: %v", err)
		}
	})
}
