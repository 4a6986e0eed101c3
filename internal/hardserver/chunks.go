package hardserver

import (
	"fmt"
	"strings"
)

// chunks has bodies in chunks, good and bad (RFC 9112 §7.1), and the Transfer-Encoding that says so
// (§6.1).
func chunks() []Case {
	return append(goodChunks(), append(badChunks(), codingFields()...)...)
}

func goodChunks() []Case {
	good := func(name, body string) Case { return open("chunked: "+name, chunked+body, ok("ok")) }
	return []Case{
		good("one chunk", lastOnes),
		open("chunked: empty", chunked+"0\r\n\r\n", ok("")),
		good("two chunks", "1\r\no\r\n1\r\nk\r\n0\r\n\r\n"),
		good("leading zeros", "00000002\r\nok\r\n000\r\n\r\n"),
		good("extension", "2;a=b\r\nok\r\n0;c\r\n\r\n"),
		good("quoted extension", "2;a=\"b;\\\"c\"\r\nok\r\n0\r\n\r\n"),
		good("trailer", "2\r\nok\r\n0\r\nChecksum: abc\r\nOther: d\r\n\r\n"),
		open("chunked: upper and lower case sizes", chunked+"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n",
			ok(strings.Repeat("0123456789", 2))),
		open("chunked: 10,000 of one byte", chunked+strings.Repeat("1\r\nx\r\n", 10000)+"0\r\n\r\n", ok(strings.Repeat("x", 10000))),
		open("chunked: bytes behind the last", chunked+lastOnes+"more", ok("ok")),
	}
}

func badChunks() []Case {
	bad := func(name, body string, want Want) Case { return shut("chunked: "+name, chunked+body, want) }
	refused, either := fails(Protocol), ok("ok").or(fails(Protocol))
	tooMuch := fails(Protocol, TooLarge)
	cases := []Case{
		bad("no end of line behind the data", "2\r\nok0\r\n\r\n", refused),
		bad("more data than the size", "2\r\nokay\r\n0\r\n\r\n", refused),
		bad("less data than the size", "4\r\nok\r\n0\r\n\r\n", refused),
		bad("LF behind the size", "2\nok\r\n0\r\n\r\n", either),
		bad("LF behind the data", "2\r\nok\n0\r\n\r\n", either),
		bad("CR behind the size", "2\rok\r\n0\r\n\r\n", refused),
		bad("space behind the size", "2 \r\nok\r\n0\r\n\r\n", either),
		bad("bare CR in an extension", "2;a\rb\r\nok\r\n0\r\n\r\n", either),
		bad("LF in an extension", "2;a\nok\r\n0\r\n\r\n", either),
		bad("extension of 100 KB", "2;a="+strings.Repeat("x", 100000)+"\r\nok\r\n0\r\n\r\n", tooMuch.or(ok("ok"))),
		bad("beyond the limit", strings.Repeat("8000\r\n"+strings.Repeat("x", 0x8000)+"\r\n", 64)+"0\r\n\r\n", fails(TooLarge)),
		bad("announces more than the limit", "7fffffff\r\nok", tooMuch.or(fails(Cut))),
		bad("trailer without a colon", "2\r\nok\r\n0\r\nChecksum\r\n\r\n", either),
		bad("trailer with a name of nothing", "2\r\nok\r\n0\r\n: abc\r\n\r\n", either),
		bad("trailer with a Content-Length", "2\r\nok\r\n0\r\nContent-Length: 1\r\n\r\n", either),
		bad("trailer with a Transfer-Encoding", "2\r\nok\r\n0\r\nTransfer-Encoding: gzip\r\n\r\n", either),
		bad("junk behind the last chunk", "2\r\nok\r\n0\r\njunk", fails(Protocol, Cut)),
		endless("chunked: endless body", chunked, "4\r\nmore\r\n"),
		endless("chunked: endless size", chunked, "0"),
		endless("chunked: endless extension", chunked+"2;a=", "x"),
		endless("chunked: endless extensions", chunked, "1;a="+strings.Repeat("x", 100)+"\r\nx\r\n"),
		endless("chunked: endless trailer", chunked+"2\r\nok\r\n0\r\n", "Field: value\r\n"),
		endless("chunked: endless line of a trailer", chunked+"2\r\nok\r\n0\r\nField: ", "x"),
	}
	for _, size := range []string{
		"", " ", "g", "2g", "0x2", "-2", "+2", " 2", "\t2", "2.", "2_", "\uff12",
		"8000000000000000", "ffffffffffffffff", "10000000000000002", strings.Repeat("f", 40),
	} {
		cases = append(cases, bad(fmt.Sprintf("size %+q", size), size+"\r\nok\r\n0\r\n\r\n", tooMuch.or(fails(Cut))))
	}
	return cases
}

// endless returns a case that never comes to an end by itself, as fast as the client reads.
func endless(name, start, more string) Case {
	return Case{Name: name, Want: ended, script: func(c *conn) {
		c.next()
		c.send(start)
		c.flood(more)
	}}
}

// codingFields has Transfer-Encoding in several forms before a chunked body. To take the chunks for the
// body is never right.
func codingFields() []Case {
	with := func(lines string) string { return ok11 + lines + "\r\n\r\n" + lastOnes }
	refused, either := fails(Protocol), ok("ok").or(fails(Protocol))
	const te = "Transfer-Encoding: "
	return []Case{
		open("coding: in capitals", with("TRANSFER-ENCODING: CHUNKED"), ok("ok")),
		open("coding: white space around", with(te+" \tchunked\t "), ok("ok")),
		// A sender must not, a recipient may take it for an attack (RFC 9112 §6.3, item 3).
		open("coding: with a longer length", with(te+"chunked\r\nContent-Length: 100"), either),
		open("coding: with a shorter length", with(te+"chunked\r\nContent-Length: 1"), either),
		open("coding: behind a length", with("Content-Length: 3\r\n"+te+"chunked"), either),
		shut("coding: chunked twice", with(te+"chunked, chunked"), refused),
		shut("coding: two fields", with(te+"chunked\r\n"+te+"chunked"), either),
		shut("coding: chunked is not the last", with(te+"chunked, gzip"), refused),
		shut("coding: chunked is not the last of two fields", with(te+"chunked\r\n"+te+"identity"), either),
		shut("coding: identity before it", with(te+"identity, chunked"), either),
		shut("coding: empty elements", with(te+", chunked,"), either),
		shut("coding: a parameter", with(te+"chunked;a=b"), either),
		shut("coding: in quotes", with(te+`"chunked"`), refused),
		shut("coding: another name", with(te+"xchunked"), refused),
		shut("coding: control character", with(te+"\vchunked"), refused),
		shut("coding: nothing", ok11+te+"\r\n\r\nok", ok("ok").or(refused)),
		shut("coding: identity alone", ok11+te+"identity\r\n\r\nok", ok("ok").or(refused)),
		shut("coding: gzip alone", ok11+te+"gzip\r\n\r\n"+zipped("ok"), ok("ok").or(refused)),
		open("coding: gzip in chunks", ok11+te+"gzip, chunked\r\n\r\n"+inChunks(zipped("ok")), either),
		// Faulty framing, says RFC 9112 §6.1; servers that do it mean chunks.
		shut("coding: HTTP/1.0", "HTTP/1.0 200 OK\r\n"+te+"chunked\r\n\r\n"+lastOnes, either),
	}
}

// chunkCuts ends the connection at each place of a chunked body.
func chunkCuts() []Case {
	var cases []Case
	for i := range len(lastOnes) {
		want := fails(Cut)
		if i >= strings.Index(lastOnes, "0\r\n")+3 {
			// The last chunk is there, and only the end of the trailer is not (RFC 9112 §8).
			want = want.or(ok("ok"), fails(Protocol))
		}
		cases = append(cases, shut(fmt.Sprintf("chunked: cut after %d bytes", i), chunked+lastOnes[:i], want))
	}
	return append(cases,
		shut("chunked: cut in a trailer", chunked+"2\r\nok\r\n0\r\nChecksum: a", fails(Cut, Protocol)),
		shut("chunked: cut behind a trailer", chunked+"2\r\nok\r\n0\r\nChecksum: a\r\n", fails(Cut, Protocol)),
	)
}

// inChunks returns body as one chunk.
func inChunks(body string) string { return fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body) }
