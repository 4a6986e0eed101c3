package tcp

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// Listener is a listening socket, which Accept takes over: a second Accept fails with
// net.ErrClosed.
type Listener struct {
	addr net.Addr
	orig net.Listener // nil: an [Acceptor] has it
	path string       // the file of a Unix socket
}

// A silent peer is probed after a minute, and again every quarter of one.
const (
	keepAliveIdle     = time.Minute
	keepAliveInterval = 15 * time.Second
)

// Listen announces on addr: "host:port" for TCP, where an empty host means all addresses
// and port 0 any free port, or "unix:" and a path for a Unix socket. The backlog is the
// system's limit. The descriptor is close-on-exec. Any goroutine.
func Listen(ctx context.Context, addr string) (*Listener, error) {
	config := net.ListenConfig{
		// For connections that package net accepts, which is so on Windows.
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: keepAliveIdle, Interval: keepAliveInterval},
	}
	network := "tcp"
	path, isUnix := strings.CutPrefix(addr, "unix:")
	if isUnix {
		network, addr = "unix", path
	} else {
		config.Control = setOptions
	}
	orig, err := config.Listen(ctx, network, addr)
	if err != nil {
		return nil, fmt.Errorf("tcp: %w", err)
	}
	l := &Listener{addr: orig.Addr(), orig: orig}
	if u, ok := orig.(*net.UnixListener); ok && !strings.HasPrefix(path, "@") {
		// The poller's copy outlives this one, and so must the file.
		u.SetUnlinkOnClose(false)
		l.path = path
	}
	return l, nil
}

// Addr returns the address, with the port that was chosen for port 0. Any goroutine.
func (l *Listener) Addr() net.Addr { return l.addr }

// Close frees the socket, and removes a Unix socket's file. An [Acceptor] closes its
// listener itself.
func (l *Listener) Close() error {
	var err error
	if l.orig != nil {
		err = l.orig.Close()
	}
	l.removeFile()
	return err
}

// removeFile makes the name of a Unix socket free again.
func (l *Listener) removeFile() {
	if l.path != "" {
		os.Remove(l.path)
		l.path = ""
	}
}
