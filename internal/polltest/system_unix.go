//go:build unix

package polltest

import (
	"net"
	"net/netip"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"eddy/internal/poll"
)

// resets is whether closing a socket with unread bytes resets the connection.
const resets = runtime.GOOS == "linux"

// hidesResets is whether the system reports a reset as the end of input.
const hidesResets = false

// runSystem runs the tests that need descriptors of the system, or its signals.
func runSystem(t *testing.T, k Kind) {
	t.Run("signals do no harm", func(t *testing.T) { signals(t, open(t, k)) })
	if k.HoldsThread {
		t.Run("a wait that a signal interrupts", func(t *testing.T) { interrupted(t, open(t, k)) })
	}
	t.Run("close-on-exec", func(t *testing.T) { closeOnExec(t, k) })
	t.Run("connect: Unix sockets", func(t *testing.T) { connectUnix(t, open(t, k)) })
	t.Run("connect: no answer", func(t *testing.T) { connectPending(t, open(t, k)) })
	if k.Portable {
		return
	}
	t.Run("pipes", func(t *testing.T) { pipes(t, open(t, k)) })
	t.Run("no delay is the socket's", func(t *testing.T) { noDelayIsSet(t, open(t, k)) })
	t.Run("adopts files", func(t *testing.T) { adoptsFiles(t, open(t, k)) })
}

// signals come from anywhere, as those that Go's scheduler sends do.
func signals(t *testing.T, h *harness) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, unix.SIGUSR1)
	defer signal.Stop(c)
	done := make(chan struct{})
	h.wg.Go(func() {
		defer close(done)
		for range 200 {
			unix.Kill(unix.Getpid(), unix.SIGUSR1)
			runtime.Gosched()
		}
		h.p.Wake()
	})
	for running := true; running; {
		h.wait(t, time.Now().Add(20*time.Millisecond))
		select {
		case <-done:
			running = false
		default:
		}
	}
	_, peer := h.watched(t, token, read)
	send(t, peer, "x")
	h.expect(t, token, read)
}

// closeOnExec looks at every descriptor that appears.
func closeOnExec(t *testing.T, k Kind) {
	flags := func(fd int) (int, bool) {
		f, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		return f, err == nil
	}
	const most = 1024
	var before [most]bool
	for fd := range most {
		_, before[fd] = flags(fd)
	}
	h := open(t, k)
	h.pair(t)
	fd, addr := h.listener(t)
	c, err := net.Dial("tcp", addr)
	h.ok(t, err)
	defer c.Close()
	nfd := h.accepted(t, fd)
	defer h.files.Close(nfd)
	own, err := h.files.Connect(poll.Target{Addr: netip.MustParseAddrPort(addr)})
	h.ok(t, err)
	defer h.files.Close(own)
	h.ok(t, h.p.Add(own, token, write))
	h.expect(t, token, write)
	a, b, err := h.files.Pair()
	h.ok(t, err)
	defer h.files.Close(a)
	defer h.files.Close(b)
	seen := 0
	for fd := range most {
		if f, ok := flags(fd); ok && !before[fd] {
			seen++
			if f&unix.FD_CLOEXEC == 0 {
				t.Errorf("descriptor %d would be inherited by a program that is started", fd)
			}
		}
	}
	if seen < 6 {
		t.Errorf("only %d descriptors were looked at", seen)
	}
}

// pipes are descriptors of one direction.
func pipes(t *testing.T, h *harness) {
	r, w := pipe(t)
	h.ok(t, h.p.Add(r, 1, read))
	h.quiet(t)
	_, err := h.files.Write(w, []byte("x"))
	h.ok(t, err)
	h.expect(t, 1, read)
	h.readAll(t, r, "x")
	h.quiet(t)
	h.ok(t, h.p.Remove(r))

	// Nothing can be written when nobody reads any more.
	h.ok(t, h.p.Add(w, token, write))
	h.expect(t, token, write)
	h.ok(t, h.files.Close(r))
	h.expectError(t)
	if _, err := h.files.Write(w, []byte("x")); err != syscall.EPIPE {
		t.Errorf("write to a pipe without reader: %v", err)
	}
	h.ok(t, h.p.Remove(w))
}

func pipe(t *testing.T) (r, w int) {
	t.Helper()
	var fds [2]int
	if err := unix.Pipe(fds[:]); err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		unix.CloseOnExec(fd)
		if err := unix.SetNonblock(fd, true); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { unix.Close(fds[0]); unix.Close(fds[1]) })
	return fds[0], fds[1]
}

func noDelayIsSet(t *testing.T, h *harness) {
	fd, _ := h.pair(t)
	for _, on := range []bool{false, true} {
		h.ok(t, h.files.SetNoDelay(fd, on))
		v, err := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY)
		if h.ok(t, err); (v != 0) != on {
			t.Errorf("set to %v, the socket has %d", on, v)
		}
	}
	r, _ := pipe(t)
	if err := h.files.SetNoDelay(r, true); err != syscall.ENOTSOCK {
		t.Errorf("a pipe: %v, want ENOTSOCK", err)
	}
}

// adoptsFiles gives up files that block, as those are whose descriptor somebody asked for.
func adoptsFiles(t *testing.T, h *harness) {
	r, w, err := os.Pipe()
	h.ok(t, err)
	r.Fd()
	fd, err := h.files.Adopt(r)
	h.ok(t, err)
	defer h.files.Close(fd)
	if _, err := h.files.Read(fd, make([]byte, 1)); err != syscall.EAGAIN {
		t.Errorf("an empty pipe: %v, want EAGAIN", err)
	}
	_, err = w.WriteString("x")
	h.ok(t, err)
	h.readAll(t, fd, "x")
	if err := r.Close(); err == nil {
		t.Error("the file was left open")
	}
	h.ok(t, w.Close())
}
