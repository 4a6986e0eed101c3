package httpserver_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"eddy/httpserver"
	"eddy/httputil"
	"eddy/internal/testcert"
)

// shutdown begins a Shutdown and returns where its error comes.
func shutdown(s *h2Server, ctx context.Context) <-chan error {
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(ctx) }()
	return done
}

// Shutdown says GOAWAY, finishes the streams that there are, serves no later ones, and ends idle connections.
func TestHTTP2_ShutdownLetsStreamsFinish(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprint("TLS ", secure), func(t *testing.T) {
			t.Parallel()
			shutdownWithStreams(t, secure)
		})
	}
}

func shutdownWithStreams(t *testing.T, secure bool) {
	p := newParked()
	s := serveHTTP2(t, p, httpserver.Options{})
	connect := s.raw
	if secure {
		connect = s.rawTLS
	}
	busy, idle := connect(t), connect(t)
	busy.must(busy.request(1, true, "GET", "/"))
	<-p.begun
	idle.must(idle.request(1, true, "GET", "/now"))
	if idle.await(isHeaders(1)) == nil {
		t.Fatal("no answer")
	}
	done := shutdown(s, context.Background())
	goAway := busy.await(func(f http2.Frame) bool { _, ok := f.(*http2.GoAwayFrame); return ok })
	if goAway == nil || goAway.(*http2.GoAwayFrame).LastStreamID != 1 {
		t.Fatalf("busy: %v", goAway)
	}
	busy.must(busy.request(3, true, "GET", "/"))
	close(p.release)
	body := ""
	busy.await(func(f http2.Frame) bool {
		if d, ok := f.(*http2.DataFrame); ok && d.StreamID == 1 {
			body += string(d.Data())
		}
		return false
	})
	if code, told := idle.ended(); !told || code != http2.ErrCodeNo {
		t.Errorf("idle: GOAWAY %v, %v", told, code)
	}
	if err := <-done; err != nil || body != "late" || len(p.begun) != 0 {
		t.Errorf("Shutdown: %v; the answer is %q; %d more were served", err, body, len(p.begun))
	}
}

func TestHTTP2_ShutdownCutsAndCounts(t *testing.T) {
	p := newParked()
	s := serveHTTP2(t, p, httpserver.Options{})
	for _, r := range []*rawClient{s.raw(t), s.rawTLS(t)} {
		r.must(r.request(1, true, "GET", "/"))
		<-p.begun
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := shutdown(s, ctx)
	time.AfterFunc(10*time.Millisecond, cancel)
	err := <-done
	var cut *httpserver.CutError
	if !errors.As(err, &cut) || cut.Connections != 2 || !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown: %v", err)
	}
	<-p.cause
	<-p.cause
	s.wantConnections(0)
}

func TestHTTP2_CloseCutsEverything(t *testing.T) {
	p := newParked()
	s := serveHTTP2(t, p, httpserver.Options{})
	busy, idle := s.rawTLS(t), s.raw(t)
	busy.must(busy.request(1, true, "GET", "/"))
	<-p.begun
	idle.await(func(f http2.Frame) bool { s, ok := f.(*http2.SettingsFrame); return ok && s.IsAck() })
	s.Close()
	busy.ended()
	idle.ended()
	<-p.cause
	s.wantConnections(0)
}

// Who has not said hello yet is not waited for.
func TestHTTP2_ShutdownEndsConnectionsThatHaveNotBegun(t *testing.T) {
	s := serveHTTP2(t, echo, httpserver.Options{})
	config := testcert.Shared().Client()
	config.NextProtos = []string{"h2"}
	conn, err := tls.Dial("tcp", s.secure, config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetReadDeadline(time.Now().Add(time.Minute))
	conn.Read(make([]byte, 9)) // the server's SETTINGS: it is HTTP/2's connection by now
	if err := s.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	io.Copy(io.Discard, conn)
}

// A connection whose client has left counts until its handlers have returned, and no longer.
func TestHTTP2_HandlersThatOutliveTheirClientAreWaitedFor(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	s := serveHTTP2(t, handlerFunc(func(context.Context, httputil.ResponseWriter, *httputil.Request) {
		begun <- struct{}{}
		<-release
	}), httpserver.Options{})
	r := s.raw(t)
	r.must(r.request(1, true, "GET", "/"))
	r.must(r.request(3, true, "GET", "/"))
	<-begun
	<-begun
	r.conn.Close()
	done := shutdown(s, context.Background())
	select {
	case err := <-done:
		t.Errorf("Shutdown did not wait: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	if n := s.Connections(); n != 1 {
		t.Errorf("%d connections", n)
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// However a shutdown falls into the coming and going of connections, each request is answered or
// was never taken, and nothing is left.
func TestHTTP2_ShutdownUnderLoad(t *testing.T) {
	t.Parallel() // for the second that a client has after a GOAWAY
	for range 2 {
		s := serveHTTP2(t, echo, httpserver.Options{})
		ended := make(chan struct{})
		for i := range 8 {
			go func() {
				defer func() { ended <- struct{}{} }()
				for {
					conn, err := net.Dial("tcp", s.clear)
					if err != nil {
						return
					}
					loadOne(t, conn, i)
				}
			}()
		}
		time.Sleep(20 * time.Millisecond)
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		for range 8 {
			<-ended
		}
	}
}

// loadOne sends requests one after the other until the server says to stop.
func loadOne(t *testing.T, conn net.Conn, most int) {
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	r := newRaw(t, conn)
	if r.hello() != nil {
		return
	}
	for id := uint32(1); id < uint32(2*most+4); id += 2 {
		if r.request(id, true, "GET", "/") != nil {
			return
		}
		last := uint32(1 << 30)
		f := r.await(func(f http2.Frame) bool {
			switch f := f.(type) {
			case *http2.GoAwayFrame:
				last = f.LastStreamID
				return last < id
			case *http2.DataFrame:
				return f.StreamEnded()
			}
			return false
		})
		if f == nil && last >= id && last < 1<<30 {
			t.Errorf("stream %d was taken (GOAWAY said %d) and not answered", id, last)
		}
		if f == nil || last < id {
			return
		}
	}
}
