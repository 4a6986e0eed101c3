package tunnel_test

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"golang.org/x/net/proxy"

	"eddy/internal/tunnel"
)

const (
	noPassword = "050100"
	orPassword = "05020002"
	secretSent = "0101" + "75" + "06" + "736563726574" // user u, password secret
	toExample  = "05010003" + "0b" + "6578616d706c652e636f6d" + "01bb"
)

func TestSocks5_Answers(t *testing.T) {
	reply := func(code byte) string {
		return "\x05\x00\x05" + string([]byte{code}) + "\x00\x01\x00\x00\x00\x00\x00\x00"
	}
	const plain, secret = "socks5://p", "socks5h://u:secret@p"
	for _, c := range []struct{ proxy, answer, sent, want string }{
		{plain, "", noPassword, "waits"},
		{plain, "\x05", noPassword, "waits"},
		{plain, "\x05\x00", noPassword + toExample, "waits"},
		{plain, "\x05\x00\x05\x00\x00\x01abcdef", noPassword + toExample, `open, left ""`},
		{plain, "\x05\x00\x05\x00\x00\x01abcdefg", noPassword + toExample, `open, left "g"`},
		{plain, "\x05\x00\x05\x00\x00\x04abcdefghijklmnopqrSSH", noPassword + toExample, `open, left "SSH"`},
		{plain, "\x05\x00\x05\x00\x00\x03\x00pp", noPassword + toExample, `open, left ""`},
		{plain, "\x05\x00\x05\x00\x00\x03\x03abcppx", noPassword + toExample, `open, left "x"`},
		{plain, "\x05\x00\x05\x00\x00\x03\xff" + strings.Repeat("a", 255) + "ppx", noPassword + toExample, `open, left "x"`},
		{plain, "\x05\x00\x05\x00\x00\x03\xff" + strings.Repeat("a", 255) + "p", noPassword + toExample, "waits"},
		{plain, "\x05\x00\x05\x00\x00\x01abcde", noPassword + toExample, "waits"},
		{plain, "\x05\x00\x05\x00\x00\x04abcdefghijklmnopq", noPassword + toExample, "waits"},
		{secret, "\x05\x00\x05\x00\x00\x01abcdef", orPassword + toExample, `open, left ""`},
		{secret, "\x05\x02", orPassword + secretSent, "waits"},
		{secret, "\x05\x02\x01\x00", orPassword + secretSent + toExample, "waits"},
		{secret, "\x05\x02\x01\x00\x05\x00\x00\x01abcdef\x00", orPassword + secretSent + toExample, `open, left "\x00"`},

		{plain, "HTTP/1.1 400 Bad Request\r\n\r\n", noPassword, "the proxy does not speak SOCKS5"},
		{plain, "\x04\x5b", noPassword, "the proxy does not speak SOCKS5"},
		{plain, "\x05\xff", noPassword, "the proxy wants credentials"},
		{secret, "\x05\xff", orPassword, "the proxy takes no password, and not nothing either"},
		{plain, "\x05\x02", noPassword, "the proxy has chosen a method that was not offered"},
		{secret, "\x05\x01", orPassword, "the proxy has chosen a method that was not offered"},
		{secret, "\x05\x02\x01\x01", orPassword + secretSent, "the proxy has refused the user and password"},
		{secret, "\x05\x02\x05\x00", orPassword + secretSent, "the proxy does not speak SOCKS5"},
		{plain, reply(1), noPassword + toExample, "the proxy has failed"},
		{plain, reply(2), noPassword + toExample, "the proxy's rules do not allow it"},
		{plain, reply(3), noPassword + toExample, "the network is unreachable from the proxy"},
		{plain, reply(4), noPassword + toExample, "the host is unreachable from the proxy"},
		{plain, reply(5), noPassword + toExample, "the target has refused the connection"},
		{plain, reply(6), noPassword + toExample, "the time to live has expired on the way from the proxy"},
		{plain, reply(7), noPassword + toExample, "the proxy does not know how to connect"},
		{plain, reply(8), noPassword + toExample, "the proxy does not know this type of address"},
		{plain, reply(9), noPassword + toExample, "the proxy has refused with an unknown code"},
		{plain, reply(255), noPassword + toExample, "the proxy has refused with an unknown code"},
		{plain, "\x05\x00\x05\x05", noPassword + toExample, "the target has refused the connection"}, // and closed at once
		{plain, "\x05\x00\x04", noPassword + toExample, "the proxy does not speak SOCKS5"},
		{plain, "\x05\x00\x05\x00\x01", noPassword + toExample, "the proxy's reply is malformed"},
		{plain, "\x05\x00\x05\x00\x00\x02", noPassword + toExample, "the proxy's reply has an unknown type of address"},
		{plain, "\x05\x00\x05\x00\x00\x00abcdefgh", noPassword + toExample, "the proxy's reply has an unknown type of address"},
	} {
		got := sameAtEverySplit(t, c.proxy, "example.com:443", c.answer)
		sent, outcome, _ := strings.Cut(got, " ")
		if sent != c.sent || !strings.HasSuffix(outcome, c.want) || strings.Contains(outcome, "secret") {
			t.Errorf("%s, %.40q:\ngot  %s\nwant %s ... %s", c.proxy, c.answer, got, c.sent, c.want)
		}
	}
}

func TestSocks5_Targets(t *testing.T) {
	long := strings.Repeat("a", 255)
	for _, c := range []struct{ target, want string }{
		{"example.com:443", toExample},
		{"192.0.2.1:80", "05010001" + "c0000201" + "0050"},
		{"[2001:db8::1]:65535", "05010004" + "20010db8000000000000000000000001" + "ffff"},
		{"[::ffff:192.0.2.1]:80", "05010001" + "c0000201" + "0050"},
		{long + ":1", "05010003" + "ff" + strings.Repeat("61", 255) + "0001"},
	} {
		if got := talk(t, "socks5://p", c.target, "\x05\x00"); got != noPassword+c.want+" waits" {
			t.Errorf("%s: %s", c.target, got)
		}
	}
	if _, err := tunnel.NewTalk(proxyURL(t, "socks5://p"), long+"a:1", nil); err == nil {
		t.Error("a name of 256 bytes was taken")
	}
}

func TestSocks5_Credentials(t *testing.T) {
	long := strings.Repeat("s", 255)
	for _, c := range []struct {
		user string
		ok   bool
	}{
		{"u", true}, {"u:", true}, {"u:" + long, true}, {long + ":p", true}, {"", true}, {":", true},
		{":s", false}, {"u:" + long + "s", false}, {long + "s:p", false},
	} {
		_, err := tunnel.NewTalk(proxyURL(t, "socks5://"+c.user+"@p"), "a:1", nil)
		if (err == nil) != c.ok || err != nil && strings.Contains(err.Error(), "ss") && strings.Contains(err.Error(), long) {
			t.Errorf("%.20q: %v", c.user, err)
		}
	}
}

func TestSocks5_TheProxyEnds(t *testing.T) {
	for _, answer := range []string{"", "\x05", "\x05\x00", "\x05\x00\x05\x00\x00\x01abc"} {
		c, err := tunnel.NewTalk(proxyURL(t, "socks5://p"), "a:1", nil)
		if err != nil {
			t.Fatal(err)
		}
		c.Feed([]byte(answer))
		c.End()
		if !errors.Is(c.Err, io.ErrUnexpectedEOF) {
			t.Errorf("%q: %v", answer, c.Err)
		}
	}
}

// dialler hands golang.org/x/net/proxy one end of a pipe.
type dialler struct{ net.Conn }

func (d dialler) Dial(string, string) (net.Conn, error) { return d.Conn, nil }
func (d dialler) DialContext(context.Context, string, string) (net.Conn, error) {
	return d.Conn, nil
}

// What golang.org/x/net/proxy sends for the same proxy and target is the same, byte for byte.
func TestSocks5_SendsAsXNet(t *testing.T) {
	for _, target := range []string{"example.com:443", "192.0.2.1:80", "[2001:db8::1]:1", "[::ffff:192.0.2.1]:80", "a.:65535"} {
		for _, user := range []string{"", "u:secret@", "u:@"} {
			for _, method := range []byte{0, 2} {
				if method == 2 && user == "" {
					continue
				}
				u := proxyURL(t, "socks5://"+user+"p")
				ours, err := tunnel.NewTalk(u, target, nil)
				if err != nil {
					t.Fatal(err)
				}
				near, far := net.Pipe()
				theirs := make(chan []byte, 1)
				go func() {
					defer far.Close()
					theirs <- answerSocks(far, method)
				}()
				d, err := proxy.FromURL(u, dialler{near})
				if err != nil {
					t.Fatal(err)
				}
				c, err := d.Dial("tcp", target)
				if err != nil {
					t.Fatalf("%s by %s: %v", target, user, err)
				}
				c.Close()
				ours.Feed([]byte{5, method})
				if method == 2 {
					ours.Feed([]byte{1, 0})
				}
				ours.Feed([]byte("\x05\x00\x00\x01abcdef"))
				if want := <-theirs; string(ours.Sent) != string(want) || !ours.Open {
					t.Errorf("%s by %s, method %d:\nours   %s\ntheirs %s", target, user, method, hex.EncodeToString(ours.Sent), hex.EncodeToString(want))
				}
			}
		}
	}
}

// answerSocks is a proxy's side that opens everything. It returns what it was sent.
func answerSocks(c net.Conn, method byte) (got []byte) {
	read := func(n int) []byte {
		p := make([]byte, n)
		io.ReadFull(c, p)
		got = append(got, p...)
		return p
	}
	read(int(read(2)[1]))
	c.Write([]byte{5, method})
	if method == 2 {
		read(int(read(2)[1]))
		read(int(read(1)[0]))
		c.Write([]byte{1, 0})
	}
	switch read(4)[3] {
	case 1:
		read(4)
	case 3:
		read(int(read(1)[0]))
	case 4:
		read(16)
	}
	read(2)
	c.Write([]byte("\x05\x00\x00\x01abcdef"))
	return got
}
