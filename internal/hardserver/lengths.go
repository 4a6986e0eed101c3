package hardserver

import (
	"fmt"
	"strings"
)

// lengths has Content-Length in every form (RFC 9110 §8.6, RFC 9112 §6.3). Where a wrong reader
// would read on, the connection stays open behind the body.
func lengths() []Case {
	with := func(value string) string { return ok11 + "Content-Length: " + value + "\r\n\r\nok" }
	either := ok("ok").or(fails(Protocol))
	cases := []Case{
		open("length: right", okWhole, ok("ok")),
		open("length: none of a body", ok11+"Content-Length: 0\r\n\r\n", ok("")),
		shut("length: right, then closed", okWhole, ok("ok")),
		shut("length: body too short", ok11+"Content-Length: 9\r\n\r\nok", fails(Cut)),
		shut("length: body missing", ok11+"Content-Length: 9\r\n\r\n", fails(Cut)),
		open("length: body too long", okWhole+"more", ok("ok")),
		open("length: 0 before a body", ok11+"Content-Length: 0\r\n\r\nok", ok("")),
		open("length: leading zeros", with("0002"), ok("ok")),
		open("length: white space around", with("\t 2 \t"), ok("ok")),
		open("length: no white space", ok11+"content-length:2\r\n\r\nok", ok("ok")),
		// A recipient may take what is the same twice (RFC 9110 §8.6).
		open("length: the same field twice", okLength+"Content-Length: 2\r\n\r\nok", either),
		open("length: the same in a list", with("2, 2"), either),
		open("length: an empty element in a list", with("2,"), either),
		shut("length: two fields that differ", okLength+"Content-Length: 3\r\n\r\nokk", fails(Protocol)),
		shut("length: a list that differs", with("2, 3"), fails(Protocol)),
		open("length: 2^63", with("9223372036854775808"), fails(Protocol, TooLarge)),
		open("length: 2^64 and 2", with("18446744073709551618"), fails(Protocol, TooLarge)),
		open("length: 400 digits", with(strings.Repeat("9", 400)), fails(Protocol, TooLarge)),
		open("length: 2 after 400 zeros", with(strings.Repeat("0", 400)+"2"), ok("ok").or(fails(Protocol, TooLarge))),
		open("length: beyond the limit", ok11+fmt.Sprintf("Content-Length: %d\r\n\r\n", 2*MaxBody)+
			strings.Repeat("x", 2*MaxBody), fails(TooLarge)),
		open("length: folded", ok11+"Content-Length:\r\n 2\r\n\r\nok", either),
		shut("length: space before the colon", ok11+"Content-Length : 2\r\n\r\nok", either),
		shut("length: underscore in the name", ok11+"Content_Length: 1\r\n\r\nok", either),
		shut("length: named by Connection", okLength+"Connection: content-length\r\n\r\nok", ok("ok")),
	}
	for _, value := range []string{
		"", "-2", "+2", "0x2", "2.0", "2e0", "2 2", "2;a=b", "ok", `"2"`, "2\x00", "\v2", "\xa02", "\uff12",
	} {
		cases = append(cases, shut(fmt.Sprintf("length: %+q", value), with(value), fails(Protocol)))
	}
	return cases
}

// toClose has bodies that end with the connection (RFC 9112 §6.3, item 8).
func toClose() []Case {
	return []Case{
		shut("to close: HTTP/1.1", ok11+"\r\nok", ok("ok")),
		shut("to close: HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nok", ok("ok")),
		shut("to close: empty", ok11+"\r\n", ok("")),
		shut("to close: keep-alive promised", ok11+"Connection: keep-alive\r\n\r\nok", ok("ok")),
		shut("to close: looks like another response", ok11+"\r\n"+okWhole, ok(okWhole)),
		{Name: "to close: endless", Want: ended, script: func(c *conn) {
			c.next()
			c.send(ok11 + "\r\n")
			c.flood("endless ")
		}},
		{Name: "to close: reset", Want: fails(Cut), script: func(c *conn) {
			c.next()
			c.send(ok11 + "\r\nok")
			c.reset()
		}},
		stuck("to close: never closed", ok11+"\r\nok"),
	}
}
