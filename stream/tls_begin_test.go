package stream_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"eddy/internal/testcert"
	"eddy/stream"
)

// The peer's hello may come just when a goroutine starts TLS: it must not begin a handshake
// of its own. The race detector sees it if nothing else does.
func TestStartTLS_WhileTheHelloComes(t *testing.T) {
	a := testcert.Shared()
	config, serverConfig := a.Client(), a.Server(t)
	for range 50 {
		tlsBubble(t, nil, nil, func(p *tlsPair) {
			client := p.spawn(func(ctx context.Context) error { return p.client.StartTLS(ctx, stream.Client, config) })
			hello := p.toC.Take()
			server := make(chan error, 1)
			go func() { server <- p.server.StartTLS(context.Background(), stream.Server, serverConfig) }()
			for !p.secure() {
				runtime.Gosched()
			}
			p.toS.Send(hello)
			synctest.Wait()
			p.carry()
			if c, s := <-client, <-server; c != nil || s != nil {
				t.Fatal(c, s)
			}
		})
	}
}

// A handshake reads what the kernel gave it without the loop, which may close the stream meanwhile:
// those bytes must not become another stream's. The race detector sees it.
func TestStartTLS_ClosedWhileItComputes(t *testing.T) {
	a := testcert.Shared()
	config, serverConfig := a.Client(), a.Server(t).Clone()
	const changeCipherSpec = "\x14\x03\x03\x00\x01\x01" // which TLS 1.3 passes over
	for range 10 {
		computes := make(chan bool)
		serverConfig.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
			close(computes)
			return nil, nil
		}
		tlsBubble(t, nil, nil, func(p *tlsPair) {
			p.spawn(func(ctx context.Context) error { return p.client.StartTLS(ctx, stream.Client, config) })
			hello := p.toC.Take()
			server := make(chan error, 1)
			go func() { server <- p.server.StartTLS(context.Background(), stream.Server, serverConfig) }()
			p.toS.Send(hello + strings.Repeat(changeCipherSpec, 10))
			<-computes
			p.on(p.server.CloseNow)
			if err := <-server; !errors.Is(err, stream.ErrClosed) {
				t.Error(err)
			}
		})
	}
}

// A callback may keep the connection that it was shown, to log its address later.
func TestBeginTLS_AddressAfterwards(t *testing.T) {
	serverConfig := testcert.Shared().Server(t).Clone()
	var kept net.Conn
	serverConfig.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		kept = hello.Conn
		return nil, errors.New("no")
	}
	tlsBubble(t, nil, nil, func(p *tlsPair) {
		_, server := p.start(testcert.Shared().Client(), serverConfig)
		if err := <-server; err == nil {
			t.Error("no error")
		}
		if a := kept.RemoteAddr(); a == nil {
			t.Error("no address at all")
		}
	})
}

func (p *tlsPair) secure() bool {
	done := make(chan bool)
	p.loop.Post(func() { done <- p.server.Secure() })
	return <-done
}

// starter is a sink that begins TLS while it is told of bytes.
type starter struct {
	recorder
	begin func()
}

func (s *starter) StreamReadable() {
	if s.begin != nil {
		s.s.Discard(len("STARTTLS\n"))
		s.begin()
		s.begin = nil
		return
	}
	s.recorder.StreamReadable()
}

// The bytes that the sink is shown are in the loop's own buffer, which others use next.
func TestBeginTLS_WhileToldOfBytes(t *testing.T) {
	r := &starter{}
	tlsBubble(t, nil, r, func(p *tlsPair) {
		r.s = p.server
		a := testcert.Shared()
		config := a.Server(t)
		told := make(chan error, 1)
		r.begin = func() {
			if err := p.server.BeginTLS(context.Background(), stream.Server, config, nil, func(err error) { told <- err }); err != nil {
				t.Error(err)
			}
			clear(p.loop.Scratch().Space(0)) // as the next stream's bytes would
		}
		client := p.spawn(func(ctx context.Context) error { return p.client.StartTLS(ctx, stream.Client, a.Client()) })
		p.toS.Send("STARTTLS\n" + p.toC.Take())
		synctest.Wait()
		p.carry()
		if c, s := <-client, <-told; c != nil || s != nil {
			t.Fatal(c, s)
		}
		p.on(func() { p.client.SendBytes([]byte("hello")) })
		p.carry()
		if r.got != "hello" {
			t.Errorf("got %q", r.got)
		}
	})
}

func TestBeginTLS_OnlyWithNothingUnderWay(t *testing.T) {
	tlsBubble(t, nil, nil, func(p *tlsPair) {
		begin := func() (err error) {
			p.on(func() {
				err = p.server.BeginTLS(context.Background(), stream.Server, testcert.Shared().Server(t), nil, func(error) {})
			})
			return err
		}
		p.toS.SetRoom(0)
		p.on(func() { p.server.SendBytes([]byte("220 go ahead\r\n")) })
		if err := begin(); err != stream.ErrNotIdle {
			t.Errorf("with unsent bytes: %v", err)
		}
		p.toS.SetRoom(-1)
		synctest.Wait()
		if got := p.toS.Take(); got != "220 go ahead\r\n" {
			t.Errorf("sent %q", got)
		}
		if err := begin(); err != nil {
			t.Error(err)
		}
		if err := begin(); err != stream.ErrNotIdle {
			t.Errorf("twice: %v", err)
		}
		p.on(p.server.CloseNow)
		if err := begin(); err == nil {
			t.Error("on a closed stream")
		}
	})
}

// panicker is a sink that panics when it is told of bytes.
type panicker struct{ recorder }

func (p *panicker) StreamReadable() { panic("not these bytes") }

// What comes right behind the handshake is not told of by an event; a panic ends the stream all
// the same, and what it was shown in the loop's own buffer is not its own.
func TestTLS_SinkThatPanicsBehindTheHandshake(t *testing.T) {
	r := &panicker{}
	tlsBubble(t, nil, r, func(p *tlsPair) {
		r.s = p.server
		told := p.begin(nil)
		a := testcert.Shared()
		client := p.spawn(func(ctx context.Context) error { return p.client.StartTLS(ctx, stream.Client, a.Client()) })
		p.toS.Send(p.toC.Take())
		synctest.Wait()
		p.toC.Send(p.toS.Take())
		if err := <-client; err != nil {
			t.Fatal(err)
		}
		p.on(func() { p.client.SendBytes([]byte("request")) })
		p.toS.Send(p.toC.Take())
		synctest.Wait()
		if err := <-told; err != nil {
			t.Fatal(err)
		}
		if r.closed != 1 || r.err != stream.ErrPanicked {
			t.Errorf("closed %d times with %v", r.closed, r.err)
		}
	})
}

func TestBeginTLS_DoneThatPanics(t *testing.T) {
	for name, hello := range map[string]string{"success": "", "failure": "garbage"} {
		t.Run(name, func(t *testing.T) {
			r := &recorder{}
			tlsBubble(t, nil, r, func(p *tlsPair) {
				config := testcert.Shared().Server(t)
				p.on(func() {
					if err := p.server.BeginTLS(context.Background(), stream.Server, config, nil, func(error) { panic("done") }); err != nil {
						t.Error(err)
					}
				})
				if hello == "" {
					p.connect()
				} else {
					p.toS.Send(hello)
					synctest.Wait()
				}
				if r.closed != 1 || r.err != stream.ErrPanicked {
					t.Errorf("closed %d times with %v", r.closed, r.err)
				}
			})
		})
	}
}

// What comes while a handshake computes is noticed afterwards, and so is what comes after that.
func TestBeginTLS_BytesWhileItComputes(t *testing.T) {
	a := testcert.Shared()
	got := &recorder{}
	tlsBubble(t, nil, got, func(p *tlsPair) {
		server := a.Server(t)
		server.ClientAuth = tls.RequireAnyClientCert
		server.VerifyPeerCertificate = func([][]byte, [][]*x509.Certificate) error {
			time.Sleep(time.Second)
			return nil
		}
		told := make(chan error, 1)
		p.on(func() {
			if err := p.server.BeginTLS(context.Background(), stream.Server, server, nil, func(err error) { told <- err }); err != nil {
				t.Error(err)
			}
		})
		config := a.Client()
		config.Certificates = []tls.Certificate{a.Issue(t, "somebody")}
		client := p.spawn(func(ctx context.Context) error { return p.client.StartTLS(ctx, stream.Client, config) })
		p.carry() // the client is through, and the server looks at its certificate
		if err := <-client; err != nil {
			t.Fatal(err)
		}
		p.on(func() { p.client.SendBytes([]byte("early ")) })
		p.carry()
		if err := <-told; err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		p.on(func() { p.client.SendBytes([]byte("late")) })
		p.carry()
		if got.got != "early late" {
			t.Errorf("%q has come", got.got)
		}
	})
}
