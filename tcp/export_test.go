package tcp

import (
	"context"
	"io/fs"
	"net"
	"net/netip"
	"os"

	"eddy/loop"
)

// AcceptOn accepts on descriptors that are no real sockets.
func AcceptOn(l *loop.Loop, fds []int, accepted func(fd int)) (*Acceptor, error) {
	return accept(fakeListener(), l, fds, accepted, noGate{})
}

func fakeListener() *Listener {
	return &Listener{addrs: []net.Addr{&net.UnixAddr{Name: "fake", Net: "unix"}}}
}

// ListenLookingUp is Listen with a resolver of the test's own.
func ListenLookingUp(ctx context.Context, addr string, o ListenOptions, addrs ...netip.Addr) (*Listener, error) {
	b := binder{options: o, lookup: func(context.Context, string, string) ([]netip.Addr, error) { return addrs, nil }}
	return b.listen(ctx, addr)
}

// Original returns the first socket.
func Original(l *Listener) net.Listener { return l.origs[0] }

// Passable reports whether a listener on host does without an address.
func Passable(host string, a netip.Addr, err error) bool { return passable(host, targetOf(a), err) }

// The system's reasons.
const (
	ErrInUse    = errInUse
	ErrNotAvail = errNotAvail
	ErrNoFamily = errNoFamily
)

// ServeOn makes s accept on descriptors that are no real sockets, with PROXY headers if p is
// not nil.
func (s *Server) ServeOn(g *loop.Group, p *ProxyProtocol, fds ...int) error {
	l := fakeListener()
	if p != nil {
		if err := l.UseProxyProtocol(*p); err != nil {
			return err
		}
	}
	return s.spreader.serve(g, l, s.open, func(lp *loop.Loop, accepted func(fd int), g gate) (*Acceptor, error) {
		return accept(l, lp, fds, accepted, g)
	})
}

// LingerTime is how long a peer may take nothing.
const LingerTime = lingerTime

// BornMode returns the mode that a Unix socket's file has before Listen sets it.
func BornMode(ctx context.Context, path string, mode fs.FileMode) (fs.FileMode, error) {
	b := binder{options: ListenOptions{Mode: mode}}
	l, err := b.open(ctx, "unix", path)
	if err != nil {
		return 0, err
	}
	defer l.Close()
	info, err := os.Lstat(path)
	if err != nil {
		return 0, err
	}
	return info.Mode().Perm(), nil
}
