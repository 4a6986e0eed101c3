package hardserver

import (
	"fmt"
	"io"
	"net/http"
)

// The answers of cases with several requests. A client that hands out poison has taken bytes for a
// response to what it had not asked yet.
var (
	first  = whole(200, "", "first")
	second = whole(200, "", "second")
	poison = whole(200, "", "poison")
)

// again returns a case of two requests. The first is answered with response; when the client has made
// something of that, then is called, and after it the second request comes. Over the same connection it gets same, over another one "second".
func again(name, response, same string, want, after Want, then func(*conn)) Case {
	return Case{Name: name, Want: want, Then: []Want{after}, script: func(c *conn) {
		r := c.next()
		switch {
		case c.nth > 1:
			c.send(fit(r, second))
		case c.served > 1:
			c.send(fit(r, same))
		default:
			c.send(response)
			c.await()
			if then != nil {
				then(c)
			}
			c.server.ready <- struct{}{}
		}
	}}
}

// behind has bytes that nobody asked for behind a response (RFC 9112 §9.2, §11.2).
func behind() []Case {
	poisoned := func(name, response string, want Want) Case {
		return again("behind: "+name, response, second, want, ok("second"), nil)
	}
	cases := []Case{
		poisoned("a response", first+poison, ok("first")),
		poisoned("a response, chunked", ok11+"Transfer-Encoding: chunked\r\n\r\n"+inChunks("first")+poison, ok("first")),
		poisoned("a response, none of a body", whole(200, "", "")+poison, ok("")),
		poisoned("a response, 204", "HTTP/1.1 204 No Content\r\n\r\n"+poison, answer(204, "")),
		poisoned("a response, 304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"+poison, answer(304, "")),
		poisoned("a response, with a longer body than its length", ok11+"Content-Length: 5\r\n\r\nfirst66"+poison, ok("first")),
		poisoned("half a response", first+poison[:20], ok("first")),
		poisoned("an interim response", first+"HTTP/1.1 100 Continue\r\n\r\n", ok("first")),
		poisoned("junk", first+"junk", ok("first")),
		poisoned("an empty line", first+"\r\n", ok("first")),
		again("behind: a response, later", first, second, ok("first"), ok("second"), func(c *conn) {
			c.send(poison)
		}),
		again("behind: 408 to an idle connection", first, second, ok("first"), ok("second"), func(c *conn) {
			c.send(whole(408, "Connection: close\r\n", "too late"))
			c.shut()
		}),
	}
	head := poisoned("the body of a HEAD", whole(200, "", "poison"), ok(""))
	head.Then = []Want{ok("")}
	head.Method = http.MethodHead
	return append(cases, head)
}

// persistence has connections that may or may not be used again (RFC 9112 §9.3).
func persistence() []Case {
	fresh := func(name, response string) Case { // to use the connection again is wrong
		return again("persistence: "+name, response, whole(200, "", "used again"), ok("first"), ok("second"), nil)
	}
	closed := func(name string, then func(*conn)) Case {
		return again("persistence: "+name, first, second, ok("first"), ok("second"), then)
	}
	const body = "Content-Length: 5\r\n\r\nfirst"
	cases := []Case{
		fresh("Connection: close", ok11+"Connection: close\r\n"+body),
		fresh("Connection: Close", ok11+"CONNECTION: Close\r\n"+body),
		fresh("close in a list", ok11+"Connection: upgrade, close\r\n"+body),
		fresh("close in a second field", ok11+"Connection: keep-alive\r\nConnection: close\r\n"+body),
		fresh("close and keep-alive", ok11+"Connection: keep-alive, close\r\n"+body),
		fresh("HTTP/1.0", "HTTP/1.0 200 OK\r\n"+body),
		fresh("HTTP/1.0 with another option", "HTTP/1.0 200 OK\r\nConnection: foo\r\n"+body),
		again("persistence: HTTP/1.0 with keep-alive", "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n"+body, second,
			ok("first"), ok("second"), nil),
		again("persistence: HTTP/1.1", first, second, ok("first"), ok("second"), nil),
		{Name: "persistence: a body that broke off", Want: fails(Cut), Then: []Want{ok("second")}, script: func(c *conn) {
			c.next()
			if c.nth > 1 {
				c.send(second)
				return
			}
			c.send(ok11 + "Content-Length: 99\r\n\r\nfirst")
			c.shut()
			c.server.ready <- struct{}{}
		}},
		again("persistence: chunks that are malformed", chunked+"5\r\nfirstXX", whole(200, "", "used again"), fails(Protocol),
			ok("second"), nil),
		closed("closed behind the response", (*conn).shut),
		closed("reset behind the response", (*conn).reset),
		stale("closed when the second request comes", "", (*conn).end, ok("second").or(fails(Closed, Cut))),
		stale("reset when the second request comes", "", (*conn).reset, ok("second").or(fails(Closed, Cut))),
		stale("cut in the second head", "HTTP/1.1 2", (*conn).end, fails(Cut, Protocol)),
	}
	// A POST may have been carried out already (RFC 9110 §9.2.2).
	post := stale("closed when a second POST comes", "", (*conn).end, fails(Closed, Cut))
	post.Method, post.Upload = http.MethodPost, 2
	return append(cases, post)
}

// stale returns a case whose connection ends when the second request comes over it, behind answer.
func stale(name, answer string, end func(*conn), after Want) Case {
	return Case{Name: "persistence: " + name, Want: ok("first"), Then: []Want{after}, script: func(c *conn) {
		io.Copy(io.Discard, c.next().Body)
		switch {
		case c.nth > 1:
			c.send(second)
		case c.served > 1:
			c.send(answer)
			end(c)
		default:
			c.send(first)
			c.await()
			c.server.ready <- struct{}{}
		}
	}}
}

// uploads has servers that answer before they have read the request (RFC 9112 §9.5).
func uploads() []Case {
	const size = 8 << 20
	refusal := whole(413, "Connection: close\r\n", "no")
	early := func(name string, want Want, script func(*conn)) Case {
		return Case{Name: "upload: " + name, Method: http.MethodPost, Upload: size, Want: want, script: func(c *conn) {
			c.next()
			script(c)
		}}
	}
	seen413 := answer(413, "no")
	return []Case{
		early("413, the rest is read", seen413, func(c *conn) {
			c.send(refusal)
			c.raw.CloseWrite()
			c.stall()
		}),
		early("413, and nothing is read", seen413, func(c *conn) {
			c.send(refusal)
			c.hold()
		}),
		early("413, and closed", seen413.or(fails(Cut, Closed)), func(c *conn) {
			c.send(refusal)
			c.slam()
		}),
		early("413, and reset", seen413.or(fails(Cut, Closed)), func(c *conn) {
			c.send(refusal)
			c.reset()
		}),
		early("reset in the middle", fails(Cut, Closed), func(c *conn) {
			c.r.Discard(1 << 20)
			c.reset()
		}),
		early("read whole, then answered", ok(fmt.Sprint(size)), func(c *conn) {
			n := c.skip(size)
			c.send(whole(200, "", fmt.Sprint(n)))
		}),
		{Name: "upload: nothing is read or said", Method: http.MethodPost, Upload: size, Want: fails(Timeout), Slow: true,
			script: (*conn).hold},
	}
}
