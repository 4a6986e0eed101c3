// Package hardserver has HTTP/1 servers that lie, break off, stall and flood, with what a good
// client makes of each.
//
// [Cases] is the table. [Case.Start] serves one of them on a port of its own, [Listen] serves
// those that one plain GET can show, all on one port, at /case/0, /case/1 and so on. [Run] puts a
// client before the whole table and judges it.
//
// A client under trial takes bodies of up to [MaxBody] bytes, decoded, and heads of up to
// [MaxHead]. It follows up to [MaxRedirects] redirects, takes gzip apart, trusts
// [testcert.Shared], and dials nothing but loopback addresses.
//
// Kind: for tests only. The servers run in goroutines over package net, whatever the client does.
// They are bounded: a connection lives for [Lifetime] at most, and closing the server ends all.
package hardserver

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// What the expectations of the table rest on.
const (
	MaxBody      = 1 << 20
	MaxHead      = 64 << 10
	MaxRedirects = 10

	// Lifetime is how long the server holds a connection on which the client does nothing.
	Lifetime = 20 * time.Second
)

// A Class says how a fetch ended, as far as any client can tell.
type Class string

const (
	OK       Class = "ok"        // a whole response
	Protocol Class = "protocol"  // what came is not HTTP/1, or its framing is in doubt
	Cut      Class = "cut"       // the connection ended inside the response
	Closed   Class = "closed"    // the connection ended before the response
	Connect  Class = "connect"   // there was no connection, or the client's guard refused it
	Timeout  Class = "timeout"   // the client's time limit
	TooLarge Class = "too large" // a head or a body beyond the client's limit
	Decode   Class = "decode"    // the content coding
	Redirect Class = "redirect"  // too many of them, or one that leads nowhere
	TLS      Class = "tls"       // the handshake, the certificate among it
)

// An Outcome is what a client made of a response.
type Outcome struct {
	Class  Class
	Status int    // with OK
	Body   string // with OK; decoded
}

func (o Outcome) String() string {
	if o.Class != OK {
		return string(o.Class)
	}
	if len(o.Body) > 60 {
		return fmt.Sprintf("%d with %d bytes", o.Status, len(o.Body))
	}
	return fmt.Sprintf("%d %q", o.Status, o.Body)
}

// A Want is what a good client makes of a response: the first outcome is what is best, the
// others are right, too.
type Want []Outcome

// Takes reports whether o is among them.
func (w Want) Takes(o Outcome) bool {
	for _, want := range w {
		if o == want || o.Class != OK && o.Class == want.Class {
			return true
		}
	}
	return false
}

func (w Want) String() string {
	var all []string
	for _, o := range w {
		all = append(all, o.String())
	}
	return strings.Join(all, " or ")
}

func ok(body string) Want                 { return answer(http.StatusOK, body) }
func answer(status int, body string) Want { return Want{{OK, status, body}} }

func fails(classes ...Class) (w Want) {
	for _, c := range classes {
		w = append(w, Outcome{Class: c})
	}
	return w
}

func (w Want) or(others ...Want) Want {
	all := append(Want(nil), w...)
	for _, o := range others {
		all = append(all, o...)
	}
	return all
}

// ended is what endless things must come to, by whichever bound is met first.
var ended = fails(TooLarge, Protocol, Timeout)

// A Case is one way to be hard on a client.
type Case struct {
	Name string
	Want Want

	// Then are the outcomes of further requests, which the same client makes after the first, each
	// when [Server.Next] lets it. They are for connections that are used again, or must not be.
	Then []Want

	Method string // GET if ""
	Upload int    // bytes of the request's body

	// Credentials says that the requests carry an Authorization and a Cookie field.
	Credentials bool

	// HTTPS says that the URL is one of https, which need not mean that the server speaks TLS.
	HTTPS bool

	// Slow says that the case lasts as long as the client's time limit.
	Slow bool

	config func(testing.TB) *tls.Config // nil if the server does not speak TLS
	script func(*conn)
}

// Plain reports whether one GET without TLS shows the case, as /case/N of [Listen] does.
func (c *Case) Plain() bool {
	return c.Method == "" && !c.HTTPS && c.config == nil && !c.Credentials && len(c.Then) == 0
}

// Cases returns the table: the plain ones first. The order is the same in every process.
func Cases() []Case {
	var plain, rest []Case
	for _, family := range [][]Case{
		lengths(), chunks(), chunkCuts(), toClose(), headCuts(), statusLines(), strangers(), fields(), interims(),
		empties(), behind(), persistence(), codings(), brokenCodings(), stalls(), drips(), resets(), uploads(),
		redirects(), badRedirects(), methods(), credentials(), cookies(), certificates(), handshakes(), closings(),
	} {
		for _, c := range family {
			if c.Plain() {
				plain = append(plain, c)
			} else {
				rest = append(rest, c)
			}
		}
	}
	return append(plain, rest...)
}

// open returns a case whose server sends a response and then waits for another request.
func open(name, response string, want Want) Case {
	return Case{Name: name, Want: want, script: func(c *conn) {
		c.next()
		c.send(response)
	}}
}

// shut returns a case whose server sends a response and then closes the connection.
func shut(name, response string, want Want) Case {
	return Case{Name: name, Want: want, script: func(c *conn) {
		c.next()
		c.send(response)
		c.end()
	}}
}

// stuck returns a case whose server sends what is no whole response, and then nothing.
func stuck(name, response string) Case {
	return Case{Name: name, Want: fails(Timeout), Slow: true, script: func(c *conn) {
		c.next()
		c.send(response)
		c.stall()
	}}
}

// The pieces of most responses.
const (
	ok11     = "HTTP/1.1 200 OK\r\n"
	okLength = ok11 + "Content-Length: 2\r\n"
	okWhole  = okLength + "\r\nok"
	chunked  = ok11 + "Transfer-Encoding: chunked\r\n\r\n"
	lastOnes = "2\r\nok\r\n0\r\n\r\n" // a chunked body
)

// fit returns the response, for a HEAD without its body.
func fit(r *http.Request, response string) string {
	if end := strings.Index(response, "\r\n\r\n"); end >= 0 && r.Method == http.MethodHead {
		return response[:end+4]
	}
	return response
}

// whole returns a response with a body of known length.
func whole(status int, lines, body string) string {
	return fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Length: %d\r\n%s\r\n%s", status, http.StatusText(status), len(body), lines, body)
}
