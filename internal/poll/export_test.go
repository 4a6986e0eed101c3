package poll

import "net"

// NetConnecting is a descriptor of the portable poller that is being connected.
func NetConnecting(cancel func()) (fd int, arrives func(net.Conn, error) bool) {
	c := newConn(nil)
	c.cancel = cancel
	return openSocket(&c.socket), c.arrives
}

// NewNetPoller is the poller that every system has, and these are its bounds.
var NewNetPoller = newNetPoller

const (
	ReadAhead   = readAhead
	WriteBehind = writeBehind
	AcceptAhead = acceptAhead
	Lingering   = lingering
)
