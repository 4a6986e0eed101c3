package hardserver

import (
	"crypto/tls"
	"testing"
	"time"

	"eddy/internal/testcert"
)

func goodCert(t testing.TB) *tls.Config { return testcert.Shared().Server(t) }

// only returns a configuration with one certificate.
func only(issue func(testing.TB) tls.Certificate) func(testing.TB) *tls.Config {
	return func(t testing.TB) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{issue(t)}} }
}

// overTLS makes a case one of https, with a certificate that is in order.
func overTLS(c Case) Case {
	c.HTTPS, c.config = true, goodCert
	return c
}

// certificates has servers that a client must not trust (RFC 9110 §4.3.4), and one that it must.
func certificates() []Case {
	with := func(name string, config func(testing.TB) *tls.Config) Case {
		c := overTLS(open("TLS: "+name, okWhole, fails(TLS)))
		c.config = config
		return c
	}
	const hour = time.Hour
	now := time.Now()
	old := with("TLS 1.1 at most", func(t testing.TB) *tls.Config {
		config := goodCert(t)
		config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
		return config
	})
	return []Case{
		overTLS(open("TLS: right", okWhole, ok("ok"))),
		with("of an unknown authority", func(t testing.TB) *tls.Config { return testcert.New().Server(t) }),
		with("of another name", only(func(t testing.TB) tls.Certificate { return testcert.Shared().Issue(t, "example.test") })),
		with("of another address", only(func(t testing.TB) tls.Certificate { return testcert.Shared().Issue(t, "127.0.0.2") })),
		with("expired", only(func(t testing.TB) tls.Certificate {
			return testcert.Shared().IssueFor(t, now.Add(-2*hour), now.Add(-hour), "127.0.0.1")
		})),
		with("not yet valid", only(func(t testing.TB) tls.Certificate {
			return testcert.Shared().IssueFor(t, now.Add(hour), now.Add(2*hour), "127.0.0.1")
		})),
		with("no certificate", func(testing.TB) *tls.Config { return &tls.Config{} }),
		old,
	}
}

// handshakes has servers that do something else than a handshake.
func handshakes() []Case {
	instead := func(name string, want Want, script func(*conn)) Case {
		return Case{Name: "handshake: " + name, HTTPS: true, Want: want, script: script}
	}
	// hello waits for the client's first bytes.
	hello := func(c *conn) { c.r.Peek(1) }
	gone := fails(TLS, Closed, Cut, Connect)
	stalled := instead("nothing", fails(Timeout), (*conn).stall)
	stalled.Slow = true
	half := instead("half a record", fails(Timeout), func(c *conn) {
		hello(c)
		c.send("\x16\x03\x03\x00\x7a\x02\x00")
		c.stall()
	})
	half.Slow = true
	plain := overTLS(open("handshake: http to a TLS port", okWhole, fails(Protocol, Closed, Cut)))
	plain.HTTPS = false
	return []Case{
		stalled, half, plain,
		instead("closed before it", gone, (*conn).end),
		instead("closed behind the first message", gone, func(c *conn) {
			hello(c)
			c.slam()
		}),
		instead("reset behind the first message", gone, func(c *conn) {
			hello(c)
			c.reset()
		}),
		instead("plain HTTP", fails(TLS), func(c *conn) {
			hello(c)
			c.send(whole(400, "Connection: close\r\n", "plain"))
			c.end()
		}),
		instead("junk", fails(TLS), func(c *conn) {
			hello(c)
			c.send("220 mail ESMTP\r\n")
			c.end()
		}),
		instead("an alert", fails(TLS), func(c *conn) {
			hello(c)
			c.send("\x15\x03\x03\x00\x02\x02\x28")
			c.end()
		}),
		instead("cut", gone, func(c *conn) {
			hello(c)
			c.send("\x16\x03\x03\x00\x7a\x02\x00")
			c.end()
		}),
	}
}

// closings has connections that end with close_notify, and without: anybody on the way can end a TCP
// connection (RFC 9112 §9.8).
func closings() []Case {
	without := func(name, response string, want Want) Case {
		return overTLS(Case{Name: "TLS closed: " + name, Want: want, script: func(c *conn) {
			c.next()
			c.send(response)
			c.raw.CloseWrite()
			c.stall()
		}})
	}
	return []Case{
		overTLS(shut("TLS closed: in order", ok11+"\r\nok", ok("ok"))),
		overTLS(shut("TLS closed: in order, with a length", okWhole, ok("ok"))),
		overTLS(shut("TLS closed: in order, body too short", ok11+"Content-Length: 9\r\n\r\nok", fails(Cut))),
		without("without close_notify, with a length", okWhole, ok("ok")),
		without("without close_notify, chunked", chunked+lastOnes, ok("ok")),
		without("without close_notify, body too short", ok11+"Content-Length: 9\r\n\r\nok", fails(Cut)),
		without("without close_notify, chunks cut", chunked+"2\r\nok\r\n", fails(Cut)),
		without("without close_notify, to close", ok11+"\r\nok", fails(Cut)),
		without("without close_notify, in the head", okLength, fails(Cut, Closed)),
		overTLS(stuck("TLS closed: not at all", okLength+"\r\no")),
	}
}
