package hardserver

import (
	"net/http"
	"strings"
	"time"
)

// interims has responses before the final one (RFC 9110 §15.2).
func interims() []Case {
	const go100 = "HTTP/1.1 100 Continue\r\n\r\n"
	before := func(name, interim string, want Want) Case { return open("interim: "+name, interim+okWhole, want) }
	either := ok("ok").or(fails(Protocol))
	return []Case{
		before("100 unasked", go100, ok("ok")),
		before("102", "HTTP/1.1 102 Processing\r\n\r\n", ok("ok")),
		before("103", "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n", ok("ok")),
		before("199", "HTTP/1.1 199 Unknown\r\nA: b\r\n\r\n", ok("ok")),
		before("four of them", strings.Repeat(go100, 2)+strings.Repeat("HTTP/1.1 103 \r\n\r\n", 2), ok("ok")),
		// An interim response has no body, whatever it says (RFC 9112 §6.3, item 1).
		before("with a length", "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n", either),
		before("with a coding", "HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n", either),
		before("with Connection: close", "HTTP/1.1 103 Early Hints\r\nConnection: close\r\n\r\n", ok("ok")),
		before("with a body", "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nhello", fails(Protocol)),
		before("HTTP/1.0", "HTTP/1.0 100 Continue\r\n\r\n", either),
		open("interim: 100 behind the final one", okWhole+go100, ok("ok")),
		shut("interim: 100, then closed", go100, fails(Cut, Closed)),
		shut("interim: 101 unasked", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: upgrade\r\n\r\nother",
			fails(Protocol).or(answer(101, ""))),
		shut("interim: 101, then a response", "HTTP/1.1 101 Switching Protocols\r\n\r\n"+okWhole, fails(Protocol).or(answer(101, ""))),
		endless("interim: endless", "", go100),
		stuck("interim: 100 and nothing", go100),
		{Name: "interim: endless, slowly", Want: fails(Timeout, Protocol, TooLarge), Slow: true, script: func(c *conn) {
			c.next()
			c.repeat("HTTP/1.1 102 Processing\r\n\r\n", 50*time.Millisecond)
		}},
	}
}

// empties has responses whose body is none, whatever the fields say (RFC 9112 §6.3, item 1), and HEAD.
func empties() []Case {
	none := func(status int) Want { return answer(status, "") }
	either := func(status int) Want { return none(status).or(fails(Protocol)) }
	head := func(name, response string) Case {
		c := open("HEAD: "+name, response, ok(""))
		c.Method = http.MethodHead
		return c
	}
	return []Case{
		open("204: plain", "HTTP/1.1 204 No Content\r\n\r\n", none(204)),
		open("204: with a length", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", either(204)),
		open("204: with a length of 0", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", none(204)),
		open("204: with a coding", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", either(204)),
		open("204: with a body", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", either(204)),
		open("204: with chunks", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"+lastOnes, either(204)),
		open("204: gzip", "HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n", none(204)),
		open("304: plain", "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n", none(304)),
		open("304: with a length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", none(304)),
		open("304: with a length beyond the limit", "HTTP/1.1 304 Not Modified\r\nContent-Length: 99999999999\r\n\r\n", none(304)),
		open("304: with a coding", "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", none(304)),
		open("304: gzip", "HTTP/1.1 304 Not Modified\r\nContent-Encoding: gzip\r\nContent-Length: 30\r\n\r\n", none(304)),
		open("304: with a body", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello", none(304)),
		open("205: with a length of 0", "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", none(205)),
		open("205: with a body", "HTTP/1.1 205 Reset Content\r\nContent-Length: 2\r\n\r\nok", answer(205, "ok").or(either(205))),
		head("with a length", okLength+"\r\n"),
		head("with a length beyond the limit", ok11+"Content-Length: 99999999999\r\n\r\n"),
		head("with a coding", ok11+"Transfer-Encoding: chunked\r\n\r\n"),
		head("with neither", ok11+"\r\n"),
		head("gzip", okLength+"Content-Encoding: gzip\r\n\r\n"),
		head("with a body", okWhole),
	}
}
