package hardserver

import (
	"strings"
	"time"
)

// stalls has servers that stop in each phase.
func stalls() []Case {
	return []Case{
		{Name: "stall: accepted, and nothing", Want: fails(Timeout), Slow: true, script: (*conn).hold},
		stuck("stall: nothing behind the request", ""),
		stuck("stall: in the version", "HTT"),
		stuck("stall: in the status", "HTTP/1.1 20"),
		stuck("stall: behind the status line", ok11),
		stuck("stall: in a field's name", ok11+"Content-Le"),
		stuck("stall: in a field's value", ok11+"Content-Length: 2"),
		stuck("stall: before the last line of the head", okLength),
		stuck("stall: in the middle of the last line", okLength+"\r"),
		stuck("stall: before the body", okLength+"\r\n"),
		stuck("stall: in the body", okLength+"\r\no"),
		stuck("stall: before the first chunk", chunked),
		stuck("stall: in the size of a chunk", chunked+"2"),
		stuck("stall: in a chunk", chunked+"2\r\no"),
		stuck("stall: behind a chunk", chunked+"2\r\nok"),
		stuck("stall: between chunks", chunked+"2\r\nok\r\n"),
		stuck("stall: in the last chunk", chunked+"2\r\nok\r\n0"),
		stuck("stall: in the trailer", chunked+"2\r\nok\r\n0\r\nA: b\r\n"),
	}
}

// drips has servers that send little at a time: to the end at once, or on beyond any limit.
func drips() []Case {
	fast := func(name, response string) Case {
		return Case{Name: "drip: " + name, Want: ok("ok"), script: func(c *conn) {
			c.next()
			c.drip(response, 0)
			c.end()
		}}
	}
	const pause = 100 * time.Millisecond
	slow := func(name, start, more string) Case {
		return Case{Name: "drip: " + name, Want: fails(Timeout), Slow: true, script: func(c *conn) {
			c.next()
			c.send(start)
			c.drip(strings.Repeat(more, int(Lifetime/pause)/len(more)+1), pause)
			c.end()
		}}
	}
	zip := slow("gzip", ok11+"Content-Encoding: gzip\r\n\r\n"+bomb()[:100], "\x00")
	zip.Want = zip.Want.or(fails(Decode)) // the zeros may be found to be none of gzip's
	return []Case{
		zip,
		fast("length, byte by byte", "HTTP/1.1 100 Continue\r\n\r\n"+okWhole),
		fast("chunks, byte by byte", chunked+"1;a=b\r\no\r\n1\r\nk\r\n0\r\nA: b\r\n\r\n"),
		fast("to close, byte by byte", ok11+"\r\nok"),
		fast("gzip, byte by byte", coded("gzip", zipped("ok"))),
		slow("status line", "", "HTTP/1.1 200 "+strings.Repeat("O", 200)),
		slow("head", ok11, "A: b\r\n"),
		slow("body", ok11+"Content-Length: 10000\r\n\r\n", "x"),
		slow("chunks", chunked, "1\r\nx\r\n"),
		slow("trailer", chunked+"2\r\nok\r\n0\r\n", "A: b\r\n"),
		slow("to close", ok11+"\r\n", "x"),
	}
}

// resets has connections that end with a reset in each phase. What was sent before may be lost to it.
func resets() []Case {
	after := func(name, response string, want Want) Case {
		return Case{Name: "reset: " + name, Want: want, script: func(c *conn) {
			c.next()
			c.send(response)
			c.reset()
		}}
	}
	gone := fails(Cut, Closed)
	return []Case{
		{Name: "reset: before the request is read", Want: gone.or(fails(Connect)), script: (*conn).reset},
		{Name: "reset: closed with the request unread", Want: gone.or(fails(Connect)), script: (*conn).slam},
		after("behind the request", "", gone),
		after("in the status line", "HTTP/1.1 2", gone.or(fails(Protocol))),
		after("in the head", okLength, gone),
		after("behind the head", okLength+"\r\n", gone),
		after("in the body", okLength+"\r\no", gone),
		after("in a chunk", chunked+"2\r\no", gone),
		after("between chunks", chunked+"2\r\nok\r\n", gone),
		after("in the trailer", chunked+"2\r\nok\r\n0\r\nA: b\r\n", gone.or(fails(Protocol))),
		after("behind the whole response", okWhole, ok("ok").or(gone)),
		after("behind an interim response", "HTTP/1.1 100 Continue\r\n\r\n", gone),
		{Name: "reset: nothing more is read, then the answer", Want: ok("ok"), script: func(c *conn) {
			c.next()
			c.raw.CloseRead()
			c.send(okWhole)
			c.raw.CloseWrite()
			c.hold()
		}},
	}
}
