package tcp

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"time"
)

// Listener is one listening socket or several, which Accept takes over: a second Accept
// fails with net.ErrClosed.
type Listener struct {
	name  string
	addrs []net.Addr
	origs []net.Listener // nil: an [Acceptor] has them, or they are closed
	file  *socketFile    // of a Unix socket that Listen made
	proxy *trust         // nil: no PROXY headers
}

// ListenOptions configures [Listen]. The zero value is good.
type ListenOptions struct {
	// ReusePort lets other sockets that set it, too, listen on the same port, of this process
	// or of others of the same user. Linux, FreeBSD and DragonFly spread new connections over
	// them, by a hash of the addresses and not by load; elsewhere one of them gets all. Where
	// the system cannot do it the error is errors.ErrUnsupported. Not for Unix sockets.
	ReusePort bool

	// Backlog is how many connections may wait to be accepted; the system has a limit of its
	// own. Default: that limit. Windows has nothing else: the error is errors.ErrUnsupported.
	Backlog int

	// Mode is the permissions of a Unix socket's file, which nobody gets around for a moment
	// on Linux. To connect is to write. Default: 0600, the same user.
	Mode fs.FileMode
}

// A silent peer is probed after a minute, and again every quarter of one.
const (
	keepAliveIdle     = time.Minute
	keepAliveInterval = 15 * time.Second
)

// Listen announces on addr: "host:port" for TCP, or "unix:" and a path for a Unix socket.
// Descriptors are close-on-exec. ctx bounds the look-up of a name. Any goroutine.
//
// A host may be an address or a name; of a name, all addresses are listened on, IPv4 first,
// with a socket each. Port 0 is any free port, the same for all. A socket for an IPv6 address
// takes IPv6 only. An empty host means all addresses by a single socket for both families,
// which shows IPv4 clients by their IPv4 addresses; OpenBSD and DragonFly have no such sockets,
// and there it means those of IPv4. Addresses of a family that the system lacks are passed
// over, and so is ::1 of "localhost" where it is not set up, as in many containers.
//
// A Unix socket's path may be left from a process that ended without removing it. If it is a
// socket that nobody answers on, it is replaced. If somebody answers, or might, or it is not a
// socket, that is an error. It is removed on Close unless another file has taken its place. On
// Linux "unix:@name" is a name without a file.
func Listen(ctx context.Context, addr string, o ListenOptions) (*Listener, error) {
	b := binder{options: o, lookup: net.DefaultResolver.LookupNetIP}
	return b.listen(ctx, addr)
}

func (b *binder) listen(ctx context.Context, addr string) (l *Listener, err error) {
	if path, isUnix := strings.CutPrefix(addr, "unix:"); isUnix {
		l, err = b.listenUnix(ctx, path)
	} else {
		l, err = b.listenTCP(ctx, addr)
	}
	if err != nil {
		return nil, fmt.Errorf("tcp: %w", err)
	}
	return l, nil
}

func newListener(origs ...net.Listener) *Listener {
	l := &Listener{origs: origs}
	for _, o := range origs {
		l.addrs = append(l.addrs, o.Addr())
	}
	return l
}

// Addr returns the address of the first socket, with the port that was chosen for port 0.
// Any goroutine.
func (l *Listener) Addr() net.Addr { return l.addrs[0] }

// Addrs returns the addresses of all sockets, those of IPv4 first. Any goroutine.
func (l *Listener) Addrs() []net.Addr { return l.addrs }

// Name returns what systemd calls the socket (FileDescriptorName=), empty for listeners
// that it did not make. Any goroutine.
func (l *Listener) Name() string { return l.name }

// Close frees the sockets, and removes a Unix socket's file. An [Acceptor] closes its
// listener itself.
func (l *Listener) Close() error {
	l.file.remove() // while the socket keeps the file's number from being given to another
	return closeAll(l.take())
}

// take returns the sockets, which are the caller's then.
func (l *Listener) take() []net.Listener {
	origs := l.origs
	l.origs = nil
	return origs
}

// closeAll returns the first error.
func closeAll(listeners []net.Listener) (first error) {
	for _, l := range listeners {
		if err := l.Close(); first == nil {
			first = err
		}
	}
	return first
}
