package poll_test

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"eddy/internal/poll"
)

// pipe returns a descriptor of the portable poller whose peer is in memory: nothing lies
// between them but what the poller holds itself.
func pipe(t *testing.T) (files poll.Files, fd int, peer net.Conn) {
	t.Helper()
	near, far := net.Pipe()
	files = portable(t)
	fd, err := files.Adopt(near)
	if err != nil {
		t.Fatal(err)
	}
	return files, fd, far
}

func portable(t *testing.T) poll.Files {
	t.Helper()
	p, err := poll.NewNetPoller()
	if err != nil {
		t.Fatal(err)
	}
	return p.Files()
}

func TestNet_ReadsAheadWithinBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files, fd, peer := pipe(t)
		const total = 3*poll.ReadAhead + 1
		var taken atomic.Int64
		go func() {
			for i := range total {
				peer.Write([]byte{byte(i)})
				taken.Add(1)
			}
			peer.Close()
		}()
		buf := make([]byte, 1000)
		for got := 0; got < total; {
			synctest.Wait()
			if ahead := int(taken.Load()) - got; ahead > poll.ReadAhead {
				t.Fatalf("%d bytes were read ahead, want %d at most", ahead, poll.ReadAhead)
			}
			n, err := files.Read(fd, buf)
			if n == 0 || err != nil {
				t.Fatalf("after %d bytes: %d, %v", got, n, err)
			}
			for i, b := range buf[:n] {
				if b != byte(got+i) {
					t.Fatalf("byte %d arrived as %d", got+i, b)
				}
			}
			got += n
		}
		synctest.Wait()
		if n, err := files.Read(fd, buf); n != 0 || err != nil {
			t.Errorf("at the end: %d, %v", n, err)
		}
		files.Close(fd)
	})
}

func TestNet_WrittenBytesOutliveClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files, fd, peer := pipe(t)
		files.Write(fd, []byte("first "))
		synctest.Wait() // it is on its way
		files.Write(fd, []byte("second"))
		files.Close(fd)
		synctest.Wait()
		if got, err := io.ReadAll(peer); string(got) != "first second" || err != nil {
			t.Errorf("the peer got %q, %v", got, err)
		}
	})
}

// A bubble ends only when its goroutines have ended: none of them waits for ever.
func TestNet_CloseGivesUpOnAPeerThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files, fd, peer := pipe(t)
		files.Write(fd, []byte("never read"))
		files.Close(fd)
		time.Sleep(poll.Lingering + time.Second)
		if got, err := io.ReadAll(peer); len(got) != 0 || err != nil {
			t.Errorf("the peer got %q, %v after the connection was given up", got, err)
		}
	})
}

func TestNet_WritesBehindWithinBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files, fd, peer := pipe(t)
		total := 0
		for {
			n, err := files.Write(fd, make([]byte, 1000))
			total += n
			if err == syscall.EAGAIN {
				break
			}
			synctest.Wait()
		}
		if total != poll.WriteBehind {
			t.Errorf("%d bytes were taken, want %d", total, poll.WriteBehind)
		}
		peer.Close() // the rest has nowhere to go
		synctest.Wait()
		if _, err := files.Write(fd, []byte("x")); err != syscall.EPIPE {
			t.Errorf("write to a closed pipe: %v", err)
		}
		files.Close(fd)
	})
}

// endless is a listener that has always another connection, or another error.
type endless struct {
	net.Listener
	calls  atomic.Int32
	peers  chan net.Conn
	err    error
	closed chan struct{}
}

func (l *endless) Accept() (net.Conn, error) {
	l.calls.Add(1)
	if l.err != nil {
		return nil, l.err
	}
	near, far := net.Pipe()
	select {
	case l.peers <- far:
		return near, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *endless) Close() error {
	close(l.closed)
	return nil
}

func newEndless(err error) *endless {
	return &endless{peers: make(chan net.Conn, 100), err: err, closed: make(chan struct{})}
}

func TestNet_AcceptsAheadWithinBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files := portable(t)
		l := newEndless(nil)
		fd, err := files.Adopt(l)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		first := l.calls.Load()
		nfd, err := files.Accept(fd)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if second := l.calls.Load(); first != poll.AcceptAhead || second != first+1 {
			t.Errorf("%d connections were accepted ahead, then %d; want %d and one more", first, second, poll.AcceptAhead)
		}
		files.Close(nfd)
		files.Close(fd)
		synctest.Wait()
		for range l.calls.Load() { // those that nobody took are closed, too
			if _, err := (<-l.peers).Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("a connection is left: %v", err)
			}
		}
	})
}

func TestNet_AcceptErrorsComeOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files := portable(t)
		l := newEndless(&net.OpError{Op: "accept", Err: syscall.EMFILE})
		fd, err := files.Adopt(l)
		if err != nil {
			t.Fatal(err)
		}
		for i := range int32(5) {
			synctest.Wait()
			if n := l.calls.Load(); n != i+1 {
				t.Errorf("%d accepts while %d errors were taken", n, i)
			}
			if _, err := files.Accept(fd); !errors.Is(err, syscall.EMFILE) {
				t.Errorf("accept: %v", err)
			}
		}
		files.Close(fd)
	})
}

// What is connected when nobody wants it any more is closed.
func TestNet_ClosedWhileConnecting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files := portable(t)
		cancelled := false
		fd, arrives := poll.NetConnecting(func() { cancelled = true })
		if n, err := files.Write(fd, []byte("x")); n != 0 || err != syscall.EAGAIN {
			t.Errorf("write before it is connected: %d, %v", n, err)
		}
		if err := files.CloseWrite(fd); err != syscall.ENOTCONN {
			t.Errorf("CloseWrite before it is connected: %v", err)
		}
		if files.PeerAddr(fd).IsValid() || files.LocalAddr(fd).IsValid() {
			t.Error("it has an address before it is connected")
		}
		files.Close(fd)
		if !cancelled {
			t.Error("connecting goes on")
		}
		near, far := net.Pipe()
		if arrives(near, nil) {
			t.Error("a connection arrived at a descriptor that was closed")
		}
		if _, err := far.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the connection is left: %v", err)
		}
	})
}
