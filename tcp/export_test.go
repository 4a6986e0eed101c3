package tcp

import (
	"net"

	"eddy/loop"
)

// AcceptOn accepts on a descriptor that is no real socket.
func AcceptOn(l *loop.Loop, fd int, accepted func(fd int)) (*Acceptor, error) {
	return accept(&Listener{addr: &net.UnixAddr{Name: "fake"}}, l, fd, accepted)
}
