package stream_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"eddy/internal/poll"
	"eddy/internal/testcert"
	"eddy/loop"
	"eddy/stream"
)

// tlsPair is two streams on one loop whose bytes the test carries.
type tlsPair struct {
	t              *testing.T
	loop           *loop.Loop
	client, server *stream.Stream
	toC, toS       *poll.Peer
	step           int // bytes carried at a time
}

func tlsBubble(t *testing.T, clientSink, serverSink stream.Sink, f func(p *tlsPair)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		fake := poll.NewFake()
		l, err := loop.New(loop.Options{Poller: fake, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
		if err != nil {
			t.Fatal(err)
		}
		go l.Run()
		p := &tlsPair{t: t, loop: l, client: new(stream.Stream), server: new(stream.Stream), step: 1 << 20}
		p.on(func() {
			fd, peer := fake.Socket()
			p.toC = peer
			p.client.Init(l, fd, clientSink)
			fd, peer = fake.Socket()
			p.toS = peer
			p.server.Init(l, fd, serverSink)
			for sink, s := range map[stream.Sink]*stream.Stream{clientSink: p.client, serverSink: p.server} {
				if r, ok := sink.(*recorder); ok {
					r.s = s
				}
			}
		})
		f(p)
		l.Close()
		if n := fake.Open(); n != 0 {
			t.Errorf("%d descriptors are open after the loop was closed", n)
		}
	})
}

func (p *tlsPair) on(f func()) {
	p.t.Helper()
	done := make(chan struct{})
	p.loop.Post(func() { defer close(done); f() })
	<-done
	synctest.Wait()
}

// spawn runs f in a coroutine and returns where its error comes.
func (p *tlsPair) spawn(f func(ctx context.Context) error) chan error {
	result := make(chan error, 1)
	p.loop.Spawn(context.Background(), func(ctx context.Context) { result <- f(ctx) })
	synctest.Wait()
	return result
}

// carry carries bytes in both directions until none are left.
func (p *tlsPair) carry() {
	for {
		c, s := p.toC.Take(), p.toS.Take()
		if c == "" && s == "" {
			return
		}
		for c != "" || s != "" {
			n, m := min(p.step, len(c)), min(p.step, len(s))
			p.toS.Send(c[:n])
			p.toC.Send(s[:m])
			c, s = c[n:], s[m:]
			synctest.Wait()
		}
	}
}

func (p *tlsPair) start(config, serverConfig *tls.Config) (client, server chan error) {
	client = p.spawn(func(ctx context.Context) error { return p.client.StartTLS(ctx, stream.Client, config) })
	server = p.spawn(func(ctx context.Context) error { return p.server.StartTLS(ctx, stream.Server, serverConfig) })
	p.carry()
	return client, server
}

func (p *tlsPair) mustStart() {
	p.t.Helper()
	a := testcert.Shared()
	client, server := p.start(a.Client(), a.Server(p.t))
	if c, s := <-client, <-server; c != nil || s != nil {
		p.t.Fatalf("handshake: client %v, server %v", c, s)
	}
}

func TestTLS_AtEverySplit(t *testing.T) {
	a := testcert.Shared()
	message := bytes.Repeat([]byte("0123456789abcdef"), 2500)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, step := range []int{1, 7, 5000, 1 << 20} {
			t.Run(tls.VersionName(version), func(t *testing.T) {
				tlsBubble(t, nil, nil, func(p *tlsPair) {
					p.step = step
					config := a.Client()
					config.MaxVersion = version
					client, server := p.start(config, a.Server(t))
					if c, s := <-client, <-server; c != nil || s != nil {
						t.Fatalf("handshake: client %v, server %v", c, s)
					}
					for _, dir := range [][2]*stream.Stream{{p.client, p.server}, {p.server, p.client}} {
						sent := p.spawn(func(ctx context.Context) error { return dir[0].Write(ctx, message) })
						var got []byte
						read := p.spawn(func(ctx context.Context) (err error) {
							got, err = dir[1].ReadBytes(ctx, len(message))
							return err
						})
						p.carry()
						if err := <-sent; err != nil {
							t.Fatal(err)
						}
						if err := <-read; err != nil || !bytes.Equal(got, message) {
							t.Fatalf("%d bytes, %v", len(got), err)
						}
					}
					p.on(p.client.CloseWrite)
					read := p.spawn(func(ctx context.Context) error {
						_, err := p.server.Read(ctx, make([]byte, 1))
						return err
					})
					p.carry()
					if err := <-read; err != io.EOF || p.server.Truncated() {
						t.Errorf("after CloseWrite: %v, truncated %v", err, p.server.Truncated())
					}
				})
			})
		}
	}
}

func TestTLS_ShortReadsAndWrites(t *testing.T) {
	tlsBubble(t, nil, nil, func(p *tlsPair) {
		p.toC.SetMost(3, 5)
		p.toS.SetMost(2, 11)
		a := testcert.Shared()
		client := p.spawn(func(ctx context.Context) error { return p.client.StartTLS(ctx, stream.Client, a.Client()) })
		server := p.spawn(func(ctx context.Context) error { return p.server.StartTLS(ctx, stream.Server, a.Server(t)) })
		p.carry()
		if c, s := <-client, <-server; c != nil || s != nil {
			t.Fatal(c, s)
		}
		p.toS.SetRoom(7) // and then the kernel takes no more, for a while
		sent := p.spawn(func(ctx context.Context) error {
			if err := p.server.Write(ctx, []byte(strings.Repeat("z", 3000))); err != nil {
				return err
			}
			return p.server.Flush(ctx)
		})
		p.carry()
		select {
		case err := <-sent:
			t.Fatal("Flush did not wait for the kernel:", err)
		default:
		}
		if n := p.pending(p.server); n < 3000 {
			t.Errorf("%d bytes are pending", n)
		}
		p.toS.SetRoom(-1)
		synctest.Wait()
		read := p.spawn(func(ctx context.Context) error { _, err := p.client.ReadBytes(ctx, 3000); return err })
		p.carry()
		if s, r := <-sent, <-read; s != nil || r != nil {
			t.Error(s, r)
		}
	})
}

func (p *tlsPair) pending(s *stream.Stream) (n int) {
	p.on(func() { n = s.Pending() })
	return n
}

func TestTLS_ResetInEveryState(t *testing.T) {
	a := testcert.Shared()
	for _, after := range []int{0, 1, 5, 300} { // bytes of the hello
		tlsBubble(t, nil, nil, func(p *tlsPair) {
			server := p.spawn(func(ctx context.Context) error { return p.server.StartTLS(ctx, stream.Server, a.Server(t)) })
			client := p.spawn(func(ctx context.Context) error { return p.client.StartTLS(ctx, stream.Client, a.Client()) })
			p.toS.Send(p.toC.Take()[:after])
			synctest.Wait()
			p.toS.Reset(syscall.ECONNRESET)
			err := <-server
			if !errors.Is(err, syscall.ECONNRESET) || !stream.Quiet(err) || !p.server.Closed() {
				t.Errorf("after %d bytes: %v, closed %v", after, err, p.server.Closed())
			}
			p.toC.CloseWrite()
			if err := <-client; !errors.Is(err, io.EOF) || !stream.Quiet(err) {
				t.Errorf("the client of a server that left: %v", err)
			}
		})
	}
}

func TestTLS_Truncation(t *testing.T) {
	tlsBubble(t, nil, nil, func(p *tlsPair) {
		p.mustStart()
		p.toS.CloseWrite()
		err := <-p.spawn(func(ctx context.Context) error { _, err := p.server.Read(ctx, make([]byte, 1)); return err })
		if err != io.EOF || !p.server.Truncated() {
			t.Errorf("%v, truncated %v", err, p.server.Truncated())
		}
	})
	tlsBubble(t, nil, nil, func(p *tlsPair) {
		p.mustStart()
		p.on(func() { p.client.SendBytes([]byte("cut in the middle")) })
		p.toS.Send(p.toC.Take()[:20])
		p.toS.CloseWrite()
		err := <-p.spawn(func(ctx context.Context) error { _, err := p.server.Read(ctx, make([]byte, 1)); return err })
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("a record that was cut: %v", err)
		}
	})
}

func TestTLS_GarbageClosesWithAnAlert(t *testing.T) {
	tlsBubble(t, nil, nil, func(p *tlsPair) {
		p.mustStart()
		p.toS.Send("\x17\x03\x03\x00\x20" + strings.Repeat("garbage!", 4))
		err := <-p.spawn(func(ctx context.Context) error { _, err := p.server.Read(ctx, make([]byte, 1)); return err })
		if err == nil || stream.Quiet(err) || !p.server.Closed() {
			t.Errorf("%v, closed %v", err, p.server.Closed())
		}
		if alert := p.toS.Take(); !strings.HasPrefix(alert, "\x17\x03\x03") {
			t.Errorf("no alert was sent: %q", alert)
		}
	})
}

func TestStartTLS_OnlyOnAnIdleStream(t *testing.T) {
	config := testcert.Shared().Client()
	tlsBubble(t, nil, nil, func(p *tlsPair) {
		begin := func() error {
			return <-p.spawn(func(ctx context.Context) error { return p.client.StartTLS(ctx, stream.Client, config) })
		}
		p.toC.Send("220 ready\r\nLIST injected\r\n")
		p.spawn(func(ctx context.Context) error { _, err := p.client.ReadUntil(ctx, []byte("\r\n"), 0); return err })
		if err := begin(); err != stream.ErrNotIdle {
			t.Errorf("with unread bytes: %v", err)
		}
		p.spawn(func(ctx context.Context) error { _, err := p.client.ReadUntil(ctx, []byte("\r\n"), 0); return err })
		p.toC.SetRoom(0)
		p.on(func() { p.client.SendBytes([]byte("x")) })
		if err := begin(); err != stream.ErrNotIdle {
			t.Errorf("with unsent bytes: %v", err)
		}
		p.toC.SetRoom(-1)
		synctest.Wait()
		if n := p.pending(p.client); n != 0 {
			t.Fatal(n)
		}
		p.client.Loop().Spawn(context.Background(), func(ctx context.Context) { p.client.Read(ctx, make([]byte, 1)) })
		synctest.Wait()
		if err := begin(); err != stream.ErrNotIdle {
			t.Errorf("with a read under way: %v", err)
		}
		if p.client.Closed() {
			t.Error("the stream was closed")
		}
	})
}

func TestStartTLS_Refuses(t *testing.T) {
	tlsBubble(t, nil, nil, func(p *tlsPair) {
		for config, want := range map[*tls.Config]string{
			nil: "needs a configuration",
			{Renegotiation: tls.RenegotiateFreelyAsClient}: stream.ErrRenegotiation.Error(),
		} {
			err := <-p.spawn(func(ctx context.Context) error { return p.client.StartTLS(ctx, stream.Client, config) })
			if err == nil || !strings.Contains(err.Error(), want) || p.client.Closed() {
				t.Errorf("%v, want %q", err, want)
			}
		}
		p.mustStart()
		if err := <-p.spawn(func(ctx context.Context) error {
			return p.client.StartTLS(ctx, stream.Client, testcert.Shared().Client())
		}); err != stream.ErrNotIdle {
			t.Errorf("twice: %v", err)
		}
	})
}

func TestTLS_CertificateFailuresAreTold(t *testing.T) {
	stranger := testcert.New()
	tlsBubble(t, nil, nil, func(p *tlsPair) {
		client, server := p.start(stranger.Client(), testcert.Shared().Server(t))
		var unknown x509.UnknownAuthorityError
		if err := <-client; !errors.As(err, &unknown) {
			t.Errorf("client: %v", err)
		}
		var alert tls.AlertError
		if err := <-server; err == nil || stream.Quiet(err) {
			t.Errorf("server: %v %v", err, alert)
		}
	})
	tlsBubble(t, nil, nil, func(p *tlsPair) {
		config := testcert.Shared().Client()
		config.ServerName = "elsewhere.example"
		client, server := p.start(config, testcert.Shared().Server(t))
		var name x509.HostnameError
		if err := <-client; !errors.As(err, &name) {
			t.Errorf("client: %v", err)
		}
		<-server
	})
}

func TestTLS_ClientCertificatesALPNAndSNI(t *testing.T) {
	a := testcert.Shared()
	tlsBubble(t, nil, nil, func(p *tlsPair) {
		config, server := a.Client(), a.Server(t)
		config.Certificates = []tls.Certificate{a.Issue(t, "somebody")}
		config.NextProtos = []string{"b", "c"}
		server.ClientAuth, server.ClientCAs = tls.RequireAndVerifyClientCert, a.Pool()
		server.NextProtos = []string{"a", "c"}
		c, s := p.start(config, server)
		if c, s := <-c, <-s; c != nil || s != nil {
			t.Fatal(c, s)
		}
		p.on(func() {
			state, ok := p.server.ConnectionState()
			if !ok || state.ServerName != "localhost" || len(state.PeerCertificates) == 0 ||
				state.PeerCertificates[0].Subject.CommonName != "somebody" || p.server.Protocol() != "c" || p.client.Protocol() != "c" {
				t.Errorf("server: %+v, client: %q", state, p.client.Protocol())
			}
		})
	})
	tlsBubble(t, nil, nil, func(p *tlsPair) {
		server := a.Server(t)
		server.ClientAuth, server.ClientCAs = tls.RequireAndVerifyClientCert, a.Pool()
		_, s := p.start(a.Client(), server)
		if err := <-s; err == nil {
			t.Error("a client without a certificate was let in")
		}
	})
}

func TestTLS_Resumption(t *testing.T) {
	a := testcert.Shared()
	config, server := a.Client(), a.Server(t)
	config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	for i, want := range []bool{false, true} {
		tlsBubble(t, nil, nil, func(p *tlsPair) {
			c, s := p.start(config, server)
			if c, s := <-c, <-s; c != nil || s != nil {
				t.Fatal(c, s)
			}
			p.spawn(func(ctx context.Context) error { return p.server.Write(ctx, []byte("x")) })
			read := p.spawn(func(ctx context.Context) error { _, err := p.client.ReadBytes(ctx, 1); return err })
			p.carry()
			if err := <-read; err != nil {
				t.Fatal(err)
			}
			p.on(func() {
				if state, _ := p.server.ConnectionState(); state.DidResume != want {
					t.Errorf("connection %d: resumed %v", i, state.DidResume)
				}
			})
		})
	}
}

func TestTLS_CallbacksMayParkPanicAndExit(t *testing.T) {
	a := testcert.Shared()
	cert := a.Issue(t, "localhost")
	for name, callback := range map[string]func(ctx context.Context){
		"park":  func(ctx context.Context) { var w loop.Waiter; w.Init(ctx); w.WakeAfter(time.Second); w.Wait(ctx) },
		"panic": func(context.Context) { panic("no certificate today") },
		"exit":  func(context.Context) { runtime.Goexit() },
	} {
		t.Run(name, func(t *testing.T) {
			tlsBubble(t, nil, &recorder{}, func(p *tlsPair) {
				config := &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
					callback(hello.Context())
					return &cert, nil
				}}
				told := make(chan error, 2)
				p.on(func() {
					if err := p.server.BeginTLS(context.Background(), stream.Server, config, nil, func(err error) { told <- err }); err != nil {
						t.Error(err)
					}
				})
				client := p.spawn(func(ctx context.Context) error { return p.client.StartTLS(ctx, stream.Client, a.Client()) })
				p.carry()
				begin := time.Now()
				if name == "park" {
					time.Sleep(2 * time.Second)
				}
				p.carry()
				err := <-told
				if name == "park" {
					if err != nil || <-client != nil {
						t.Errorf("server: %v after %v", err, time.Since(begin))
					}
					return
				}
				if err != stream.ErrPanicked {
					t.Errorf("told %v", err)
				}
				p.toC.CloseWrite()
				if err := <-client; err == nil {
					t.Error("the client is content")
				}
			})
		})
	}
}

func TestStartTLS_EndsWithItsContext(t *testing.T) {
	tlsBubble(t, nil, nil, func(p *tlsPair) {
		err := <-p.spawn(func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			return p.client.StartTLS(ctx, stream.Client, testcert.Shared().Client())
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a server that says nothing: %v", err)
		}
		time.Sleep(5 * time.Second)
		p.on(func() {
			if !p.client.Closed() || !errors.Is(p.client.Err(), context.DeadlineExceeded) {
				t.Errorf("closed %v: %v", p.client.Closed(), p.client.Err())
			}
		})
	})
}

func TestStartTLS_FromAGoroutine(t *testing.T) {
	a := testcert.Shared()
	tlsBubble(t, nil, nil, func(p *tlsPair) {
		config, serverConfig := a.Client(), a.Server(t)
		client, server := make(chan error, 1), make(chan error, 1)
		go func() { client <- p.client.StartTLS(context.Background(), stream.Client, config) }()
		go func() { server <- p.server.StartTLS(context.Background(), stream.Server, serverConfig) }()
		synctest.Wait()
		p.carry()
		if c, s := <-client, <-server; c != nil || s != nil {
			t.Error(c, s)
		}
	})
}
