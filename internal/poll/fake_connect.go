package poll

import (
	"net/netip"
	"syscall"
)

// OnConnect sets what becomes of the connections that the loop begins; without it they fail
// with ENETUNREACH. f is called for each, with the far end of a socket that is being
// connected, and stays so until the test calls Establish or Reset on it: at once,
// later, or never. An error of f fails Connect itself.
func (f *Fake) OnConnect(connect func(t Target, far *Peer) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.connect = connect
}

// Establish completes a connection that the loop has begun.
func (p *Peer) Establish() { p.change(func() { p.connecting = false }) }

// SetLocalAddr sets the address of the loop's end. It was asked for, or is none, until then.
func (p *Peer) SetLocalAddr(a netip.AddrPort) { p.change(func() { p.target.Local = a }) }

func (f *fakeFiles) Connect(t Target) (fd int, err error) {
	f.mu.Lock()
	connect := f.connect
	if connect == nil {
		f.mu.Unlock()
		return -1, syscall.ENETUNREACH
	}
	p := (*Fake)(f).open()
	p.target, p.connecting = t, true
	f.mu.Unlock()
	begun := false
	defer func() { // also if connect panics
		if !begun {
			f.Close(p.fd)
		}
	}()
	if err := connect(t, p); err != nil {
		return -1, err
	}
	begun = true
	return p.fd, nil
}

// PeerAddr is known for sockets that the loop has connected.
func (f *fakeFiles) PeerAddr(fd int) netip.AddrPort {
	return f.addr(fd, func(t *Target) netip.AddrPort { return t.Addr })
}

// LocalAddr is the one that the loop has asked for, or that of SetLocalAddr.
func (f *fakeFiles) LocalAddr(fd int) netip.AddrPort {
	return f.addr(fd, func(t *Target) netip.AddrPort { return t.Local })
}

func (f *fakeFiles) addr(fd int, of func(*Target) netip.AddrPort) (addr netip.AddrPort) {
	f.with(fd, func(p *Peer) (int, error) {
		addr = of(&p.target)
		return 0, nil
	})
	return addr
}
