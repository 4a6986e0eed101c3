package tcp

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Listener is a listening socket.
type Listener struct {
	addr net.Addr
	file *os.File // owns fd
	fd   int      // the descriptor that is polled; os.File.Fd would make it block again
	orig net.Listener
}

// A silent peer is probed after a minute, and again every quarter of one; the kernel gives
// up after nine probes. In seconds.
const (
	keepAliveIdle     = 60
	keepAliveInterval = 15
)

// Listen announces on addr: "host:port" for TCP, where an empty host means all addresses
// and port 0 any free port, or "unix:" and a path for a Unix socket. The backlog is the
// kernel's limit. The descriptor is close-on-exec.
func Listen(ctx context.Context, addr string) (*Listener, error) {
	network := "tcp"
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		network, addr = "unix", path
	}
	var config net.ListenConfig
	orig, err := config.Listen(ctx, network, addr)
	if err != nil {
		return nil, fmt.Errorf("tcp: %w", err)
	}
	// The net package has the first descriptor in its own poller. A duplicate of it can be
	// watched by a loop.
	file, err := orig.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		orig.Close()
		return nil, fmt.Errorf("tcp: %w", err)
	}
	fd := int(file.Fd())
	if err := unix.SetNonblock(fd, true); err != nil {
		file.Close()
		orig.Close()
		return nil, fmt.Errorf("tcp: %w", err)
	}
	if network == "tcp" {
		// Accepted sockets inherit these: no system calls for each of them. Keep-alive
		// probes find out that a peer has vanished, which long polls would never notice.
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, keepAliveIdle)
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, keepAliveInterval)
	}
	return &Listener{addr: orig.Addr(), file: file, fd: fd, orig: orig}, nil
}

// Addr returns the address, with the port that was chosen for port 0. Any goroutine.
func (l *Listener) Addr() net.Addr { return l.addr }

// Close frees the socket, and removes a Unix socket's file. An [Acceptor] closes its
// listener itself.
func (l *Listener) Close() error {
	err := l.file.Close()
	if e := l.orig.Close(); err == nil {
		err = e
	}
	return err
}
