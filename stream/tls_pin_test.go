package stream

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"iter"
	"net"
	"testing"
	"time"

	"eddy/internal/testcert"
)

// The tests of this file hold what secure rests on and crypto/tls does not promise. If one
// of them fails with a new release of Go, TLS on a loop has to be thought over.

// memory is a transport in memory that never blocks, or lets a coroutine wait.
type memory struct {
	in, out []byte
	eof     bool
	wait    func() // nil: fail with wouldBlock
	writes  int
}

func (m *memory) Read(p []byte) (int, error) {
	for len(m.in) == 0 {
		switch {
		case m.eof:
			return 0, io.EOF
		case m.wait == nil:
			return 0, wouldBlock{}
		}
		m.wait()
	}
	n := copy(p, m.in)
	m.in = m.in[n:]
	return n, nil
}

func (m *memory) Write(p []byte) (int, error) {
	m.out = append(m.out, p...)
	m.writes++
	return len(p), nil
}
func (m *memory) Close() error                     { return nil }
func (m *memory) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (m *memory) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (m *memory) SetDeadline(time.Time) error      { return nil }
func (m *memory) SetReadDeadline(time.Time) error  { return nil }
func (m *memory) SetWriteDeadline(time.Time) error { return nil }

// end is one side of a connection over two memories.
type end struct {
	memory
	conn *tls.Conn
	next func() (struct{}, bool) // goes on with the handshake
	up   bool
	err  error
}

func (e *end) begin() {
	e.next, _ = iter.Pull(func(yield func(struct{}) bool) {
		e.wait = func() { yield(struct{}{}) }
		e.err = e.conn.Handshake()
		e.wait, e.up = nil, true
	})
	e.next()
}

// pinned returns both ends after a handshake in which step bytes at a time were delivered.
func pinned(t *testing.T, version uint16, step int) (client, server *end) {
	t.Helper()
	a := testcert.Shared()
	client, server = new(end), new(end)
	config := a.Client()
	config.MaxVersion = version
	client.conn = tls.Client(client, config)
	server.conn = tls.Server(server, a.Server(t))
	client.begin()
	server.begin()
	for len(client.out)+len(server.out) > 0 {
		move(client, server, step)
		move(server, client, step)
	}
	if !client.up || !server.up || client.err != nil || server.err != nil {
		t.Fatalf("handshake by %d bytes: client %v %v, server %v %v", step, client.up, client.err, server.up, server.err)
	}
	return client, server
}

func move(from, to *end, step int) {
	n := min(step, len(from.out))
	if n > 0 {
		to.in = append(to.in, from.out[:n]...)
		from.out = from.out[n:]
		if !to.up {
			to.next()
		}
	}
}

func eachPinned(t *testing.T, f func(t *testing.T, client, server *end, step int)) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, step := range []int{1, 7, 1 << 20} {
			t.Run(tls.VersionName(version), func(t *testing.T) {
				client, server := pinned(t, version, step)
				f(t, client, server, step)
				f(t, server, client, step) // where a client has met its session tickets
			})
		}
	}
}

func TestPin_TemporaryErrorsLoseNothing(t *testing.T) {
	message := bytes.Repeat([]byte("0123456789abcdef"), 2500) // three records
	eachPinned(t, func(t *testing.T, from, to *end, step int) {
		if n, err := from.conn.Write(message); n != len(message) || err != nil {
			t.Fatal(n, err)
		}
		var got []byte
		p := make([]byte, 9000)
		blocked := 0
		for {
			n, err := to.conn.Read(p)
			got = append(got, p[:n]...)
			if err == error(wouldBlock{}) {
				if blocked++; len(from.out) == 0 {
					break
				}
				move(from, to, step)
			} else if err != nil {
				t.Fatalf("after %d bytes: %v, want the transport's own error", len(got), err)
			}
		}
		if !bytes.Equal(got, message) {
			t.Errorf("%d bytes arrived, or others", len(got))
		}
		if blocked < 2 && step < 100 {
			t.Errorf("the transport was at its end %d times only", blocked)
		}
	})
}

func TestPin_WritesAreWholeRecords(t *testing.T) {
	eachPinned(t, func(t *testing.T, from, to *end, _ int) {
		before := from.writes
		from.conn.Write(make([]byte, 100))
		if from.writes != before+1 || len(from.out) < 5+100 || len(from.out) != 5+int(from.out[3])<<8+int(from.out[4]) {
			t.Errorf("100 bytes became %d bytes by %d writes", len(from.out), from.writes-before)
		}
		to.in, from.out = append(to.in, from.out...), nil
		p := make([]byte, 200)
		for n := 0; n < 100; {
			k, err := to.conn.Read(p)
			if n += k; err != nil {
				t.Fatal(n, err)
			}
		}
	})
}

func TestPin_CloseNotify(t *testing.T) {
	eachPinned(t, func(t *testing.T, from, to *end, _ int) {
		if err := from.conn.CloseWrite(); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Fatal(err)
		}
		to.in, from.out = append(to.in, from.out...), nil
		if n, err := to.conn.Read(make([]byte, 10)); n != 0 || err != io.EOF {
			t.Errorf("after close_notify: %d, %v", n, err)
		}
	})
}

func TestPin_EOFIsNotTemporary(t *testing.T) {
	client, server := pinned(t, tls.VersionTLS13, 1<<20)
	client.conn.Write([]byte("cut"))
	server.in = client.out[:10]
	server.eof = true
	for range 2 {
		if _, err := server.conn.Read(make([]byte, 10)); err != io.ErrUnexpectedEOF {
			t.Errorf("a record that was cut: %v", err)
		}
	}
}

func TestPin_BuffersAreWhereTheyWere(t *testing.T) {
	if !holdsKnown {
		t.Fatal("crypto/tls has changed: idle connections keep their buffers until tls_trim.go knows the new fields")
	}
	client, server := pinned(t, tls.VersionTLS13, 1<<20)
	h := holdingsOf(server.conn)
	if h.raw.Cap() == 0 || h.hand.Cap() == 0 {
		t.Errorf("after a handshake: %d and %d bytes, want some: are these still the buffers?", h.raw.Cap(), h.hand.Cap())
	}
	h.trim()
	if h.raw.Cap()+h.hand.Cap() != 0 {
		t.Error("trim left something")
	}
	client.conn.Write(bytes.Repeat([]byte("x"), 30000))
	server.in = client.out
	space := make([]byte, 64<<10)
	h.lend(space)
	p := make([]byte, 100)
	if n, err := server.conn.Read(p); n != 100 || err != nil {
		t.Fatal(n, err)
	}
	h.takeBack()
	clear(space)
	got := bytes.Clone(p)
	for len(got) < 30000 {
		n, err := server.conn.Read(p)
		if got = append(got, p[:n]...); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(got, bytes.Repeat([]byte("x"), 30000)) {
		t.Error("what was left in a lent buffer is lost")
	}
}
