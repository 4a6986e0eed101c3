package tunnel

import (
	"encoding/binary"
	"net/url"
)

// The numbers of RFC 1928 and RFC 1929.
const (
	socksVersion    = 5
	passwordVersion = 1

	methodNone     = 0
	methodPassword = 2
	methodRefused  = 0xff

	commandConnect = 1

	addressIPv4 = 1
	addressName = 3
	addressIPv6 = 4

	mostSocksField = 255 // what a length of one byte counts
)

// socks5 is the client's side of RFC 1928 with the passwords of RFC 1929.
type socks5 struct {
	to             destination
	user, password string
	state          socksState
}

type socksState uint8

const (
	choosing socksState = iota // the proxy says which method it wants
	checking                   // the proxy looks at the password
	dialling                   // the proxy connects to the target
)

func newSocks5(proxy *url.URL, to destination) (*socks5, error) {
	s := &socks5{to: to}
	if u := proxy.User; u != nil {
		s.user = u.Username()
		s.password, _ = u.Password()
	}
	switch {
	case len(to.host) > mostSocksField && !to.addr.IsValid():
		return nil, fault("the target's name is longer than 255 bytes, which SOCKS5 cannot say")
	case len(s.user) > mostSocksField || len(s.password) > mostSocksField:
		return nil, fault("the proxy's user or password is longer than 255 bytes, which SOCKS5 cannot say")
	case s.user == "" && s.password != "":
		return nil, fault("SOCKS5 has no password without a user")
	}
	return s, nil
}

// begin offers a password only if there is one.
func (s *socks5) begin() []byte {
	if s.user == "" {
		return []byte{socksVersion, 1, methodNone}
	}
	return []byte{socksVersion, 2, methodNone, methodPassword}
}

func (s *socks5) take(in []byte) (p progress, err error) {
	for {
		var n int
		var out []byte
		switch rest := in[p.used:]; s.state {
		case choosing:
			n, out, err = s.choose(rest)
		case checking:
			n, out, err = s.check(rest)
		case dialling:
			n, err = bound(rest)
			p.open = n > 0
		}
		p.used += n
		p.send = append(p.send, out...)
		if err != nil || n == 0 || p.open {
			return p, err
		}
	}
}

func (s *socks5) end() error { return errClosed() }

// choose reads which method the proxy has chosen (RFC 1928 §3).
func (s *socks5) choose(in []byte) (n int, out []byte, err error) {
	if err := checkVersion(in, socksVersion); err != nil || len(in) < 2 {
		return 0, nil, err
	}
	switch method := in[1]; {
	case method == methodNone:
		s.state = dialling
		return 2, s.request(), nil
	case method == methodPassword && s.user != "":
		s.state = checking
		out = append(out, passwordVersion, byte(len(s.user)))
		out = append(out, s.user...)
		out = append(out, byte(len(s.password)))
		return 2, append(out, s.password...), nil
	case method == methodRefused && s.user == "":
		return 0, nil, fault("the proxy wants credentials")
	case method == methodRefused:
		return 0, nil, fault("the proxy takes no password, and not nothing either")
	}
	return 0, nil, fault("the proxy has chosen a method that was not offered")
}

// check reads what became of the password (RFC 1929 §2).
func (s *socks5) check(in []byte) (n int, out []byte, err error) {
	if err := checkVersion(in, passwordVersion); err != nil || len(in) < 2 {
		return 0, nil, err
	}
	if in[1] != 0 {
		return 0, nil, fault("the proxy has refused the user and password")
	}
	s.state = dialling
	return 2, s.request(), nil
}

// request asks for the connection (RFC 1928 §4). An address goes as one, so that the proxy does not
// look it up.
func (s *socks5) request() []byte {
	b := []byte{socksVersion, commandConnect, 0}
	switch addr := s.to.addr.Unmap(); {
	case addr.Is4():
		b = append(append(b, addressIPv4), addr.AsSlice()...)
	case addr.Is6():
		b = append(append(b, addressIPv6), addr.AsSlice()...)
	default:
		b = append(append(b, addressName, byte(len(s.to.host))), s.to.host...)
	}
	return binary.BigEndian.AppendUint16(b, s.to.port)
}

// bound reads the reply to the request (RFC 1928 §6) and returns its length, 0 if it goes on beyond
// in. The address in it, from which the proxy has connected, is of no use to us. A refusal needs no
// address.
func bound(in []byte) (n int, err error) {
	if err := checkVersion(in, socksVersion); err != nil || len(in) < 2 {
		return 0, err
	}
	if in[1] != 0 {
		return 0, &Error{Reply: in[1], Reason: replyReason(in[1])}
	}
	if len(in) >= 3 && in[2] != 0 {
		return 0, fault("the proxy's reply is malformed")
	}
	if len(in) < 5 { // the shortest address, a name of no bytes, has its length there
		return 0, checkAddressType(in)
	}
	switch in[3] {
	case addressIPv4:
		n = 4 + 4 + 2
	case addressIPv6:
		n = 4 + 16 + 2
	case addressName:
		n = 4 + 1 + int(in[4]) + 2
	}
	if err := checkAddressType(in); err != nil || len(in) < n {
		return 0, err
	}
	return n, nil
}

func checkAddressType(in []byte) error {
	if len(in) >= 4 && in[3] != addressIPv4 && in[3] != addressIPv6 && in[3] != addressName {
		return fault("the proxy's reply has an unknown type of address")
	}
	return nil
}

// checkVersion tells something else than SOCKS5 by its first byte.
func checkVersion(in []byte, version byte) error {
	if len(in) > 0 && in[0] != version {
		return fault("the proxy does not speak SOCKS5")
	}
	return nil
}

func replyReason(code byte) string {
	reasons := []string{
		1: "the proxy has failed",
		2: "the proxy's rules do not allow it",
		3: "the network is unreachable from the proxy",
		4: "the host is unreachable from the proxy",
		5: "the target has refused the connection",
		6: "the time to live has expired on the way from the proxy",
		7: "the proxy does not know how to connect",
		8: "the proxy does not know this type of address",
	}
	if int(code) < len(reasons) {
		return reasons[code]
	}
	return "the proxy has refused with an unknown code"
}
