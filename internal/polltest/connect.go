package polltest

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"eddy/internal/poll"
)

// listen returns a listener of package net and its address.
func listen(t *testing.T) (l *net.TCPListener, addr netip.AddrPort) {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, netip.MustParseAddrPort(l.Addr().String())
}

// begin begins to connect and watches.
func (h *harness) begin(t *testing.T, target poll.Target) (fd int, err error) {
	t.Helper()
	fd, err = h.files.Connect(target)
	if err != nil {
		return fd, err
	}
	t.Cleanup(func() { h.files.Close(fd) })
	h.ok(t, h.p.Add(fd, token, write))
	t.Cleanup(func() { h.p.Remove(fd) })
	return fd, nil
}

// fails connects and returns why that fails, be it at once or later. It is nil for a poller
// that keeps the reason for itself.
func (h *harness) fails(t *testing.T, target poll.Target) error {
	t.Helper()
	fd, err := h.begin(t, target)
	if err != nil {
		return err
	}
	h.expectError(t)
	err = h.files.Error(fd)
	if err == nil && !h.TakesErrors {
		t.Error("a failure without reason")
	}
	h.ok(t, h.p.Remove(fd))
	h.quiet(t)
	return err
}

func connect(t *testing.T, h *harness) {
	l, addr := listen(t)
	fd, err := h.begin(t, poll.Target{Addr: addr})
	h.ok(t, err)
	h.expect(t, token, write)
	if err := h.files.Error(fd); err != nil {
		t.Errorf("connected with the error %v", err)
	}
	peer, err := l.Accept()
	h.ok(t, err)
	defer peer.Close()
	if got := h.files.PeerAddr(fd); got != addr {
		t.Errorf("PeerAddr: %v, want %v", got, addr)
	}
	if got, want := h.files.LocalAddr(fd).String(), peer.RemoteAddr().String(); got != want {
		t.Errorf("LocalAddr: %s, want %s", got, want)
	}
	h.talk(t, fd, peer)
}

// talk sends something each way.
func (h *harness) talk(t *testing.T, fd int, peer net.Conn) {
	t.Helper()
	h.ok(t, h.p.Modify(fd, token, read))
	h.quiet(t)
	send(t, peer, "hello")
	h.expect(t, token, read)
	h.readAll(t, fd, "hello")
	if _, err := h.files.Write(fd, []byte("answer")); err != nil {
		t.Error(err)
	}
	got := make([]byte, 6)
	if n, err := peer.Read(got); string(got[:n]) != "answer" {
		t.Errorf("the peer got %q, %v", got[:n], err)
	}
}

func connectRefused(t *testing.T, h *harness) {
	l, addr := listen(t)
	l.Close()
	if err := h.fails(t, poll.Target{Addr: addr}); err != nil && err != syscall.ECONNREFUSED {
		t.Errorf("the error is %v, want ECONNREFUSED", err)
	}
	if fd, err := h.files.Connect(poll.Target{}); err != syscall.EAFNOSUPPORT {
		t.Errorf("connected to nowhere: %d, %v", fd, err)
	}
}

func connectFrom(t *testing.T, h *harness) {
	l, addr := listen(t)
	for _, port := range []uint16{0, freePort(t)} {
		local := netip.AddrPortFrom(addr.Addr(), port)
		fd, err := h.begin(t, poll.Target{Addr: addr, Local: local})
		h.ok(t, err)
		h.expect(t, token, write)
		peer, err := l.Accept()
		h.ok(t, err)
		defer peer.Close()
		if got := h.files.LocalAddr(fd); got.Addr() != local.Addr() || port != 0 && got.Port() != port {
			t.Errorf("connected from %v, want %v", got, local)
		}
		h.ok(t, h.p.Remove(fd))
	}
	for _, c := range []struct {
		local string
		want  error
	}{
		{addr.String(), syscall.EADDRINUSE},
		{"192.0.2.1:0", syscall.EADDRNOTAVAIL},
	} {
		err := h.fails(t, poll.Target{Addr: addr, Local: netip.MustParseAddrPort(c.local)})
		var call *os.SyscallError
		if !errors.Is(err, c.want) || !errors.As(err, &call) || call.Syscall != "bind" {
			t.Errorf("from %s: %v, want %v of bind", c.local, err, c.want)
		}
	}
	if fd, err := h.files.Connect(poll.Target{Addr: addr, Local: netip.MustParseAddrPort("[::1]:0")}); err != syscall.EAFNOSUPPORT {
		t.Errorf("from an address of the other family: %d, %v", fd, err)
	}
}

// freePort returns the number of a port that was free just now.
func freePort(t *testing.T) uint16 {
	l, addr := listen(t)
	l.Close()
	return addr.Port()
}

func connectControl(t *testing.T, h *harness) {
	_, addr := listen(t)
	seen := make(chan string, 1)
	target := poll.Target{Addr: addr, Control: func(network, address string, c syscall.RawConn) error {
		open := false
		err := c.Control(func(uintptr) { open = true })
		if !open || err != nil {
			t.Errorf("there is no descriptor: %v", err)
		}
		seen <- network + " " + address
		return nil
	}}
	_, err := h.begin(t, target)
	h.ok(t, err)
	h.expect(t, token, write)
	if got, want := <-seen, "tcp4 "+addr.String(); got != want {
		t.Errorf("Control was called for %q, want %q", got, want)
	}
	no := errors.New("no")
	target.Control = func(string, string, syscall.RawConn) error { return no }
	other := open(t, h.Kind)
	if err := other.fails(t, target); err != no {
		t.Errorf("Control failed, and Connect with %v", err)
	}
}

// A descriptor may be closed while it is being connected. Its number is used again, and
// what becomes of the former connection is nobody's event.
func connectClosed(t *testing.T, h *harness) {
	_, addr := listen(t)
	for i := range uint64(20) {
		fd, err := h.files.Connect(poll.Target{Addr: addr})
		h.ok(t, err)
		if i%2 == 0 {
			h.ok(t, h.p.Add(fd, i, write))
			h.ok(t, h.p.Remove(fd))
		}
		h.ok(t, h.files.Close(fd))
		if err := h.files.Error(fd); err != syscall.EBADF {
			t.Errorf("after Close: %v", err)
		}
		h.quiet(t)
	}
	fd, _ := h.watched(t, token, read)
	if events := h.wait(t, time.Now().Add(20*time.Millisecond)); len(events) != 0 {
		t.Errorf("got %v", events)
	}
	h.ok(t, h.p.Modify(fd, token, write))
	h.expect(t, token, write)
}
