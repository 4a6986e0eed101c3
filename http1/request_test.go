package http1_test

import (
	"strconv"
	"strings"
	"testing"

	"eddy/http1"
	"eddy/httputil"
)

// get is a request with extra header lines.
func get(lines ...string) string {
	return "GET / HTTP/1.1\r\nHost: a\r\n" + strings.Join(append(lines, "", ""), "\r\n")
}

// post is a request with a body and one header line that frames it.
func post(framing, body string) string {
	return "POST / HTTP/1.1\r\nHost: a\r\n" + framing + "\r\n\r\n" + body
}

func chunked(body string) string { return post("Transfer-Encoding: chunked", body) }

// wireCase is bytes that a peer sends, and what is made of them.
type wireCase struct{ rule, send, want string }

const (
	getLog  = `GET /| HTTP/1.1 host=a len=0 ""; `
	postLog = `POST /| HTTP/1.1 host=a `
)

var acceptedRequests = []wireCase{
	{"9112 2.2 one message", get(), getLog + "wait"},
	{"9112 2.2 pipelined", get() + get(), getLog + getLog + "wait"},
	{"9112 2.2 empty lines before", "\r\n\r\n" + get() + "\r\n" + get(), getLog + getLog + "wait"},
	{"9112 2.2 pipelined with a body", get() + post("Content-Length: 1", "x"), getLog + postLog + `len=1 "x"; wait`},
	{"9112 2.2 pipelined, and the last", get() + get("Connection: close"), getLog + getLog + "close"},
	{"9112 2.2 a part", "GET / HTTP/1.1\r\nHost: a\r\n\r", "wait"},
	{"9112 2.3 HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", `GET /| HTTP/1.0 host= len=0 ""; close`},
	{"9112 2.3 HTTP/1.2 is 1.1", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", getLog + "wait"},
	{"9112 3.1 any token is a method", "brew~! / HTTP/1.1\r\nHost: a\r\n\r\n", `brew~! /| HTTP/1.1 host=a len=0 ""; wait`},
	{"9112 3.2.1 origin-form", "GET //x/%zz/\"|\\{?a=b?c HTTP/1.1\r\nHost: a\r\n\r\n", `GET //x/%zz/"|\{|a=b?c HTTP/1.1 host=a len=0 ""; wait`},
	{"9112 3.2.1 fragment", "GET /p?q#?f HTTP/1.1\r\nHost: a\r\n\r\n", `GET /p|q HTTP/1.1 host=a len=0 ""; wait`},
	{"9112 3.2.1 fragment without query", "GET /p#f?q HTTP/1.1\r\nHost: a\r\n\r\n", `GET /p| HTTP/1.1 host=a len=0 ""; wait`},
	{"9112 3.2.2 absolute-form overrides Host", "GET HTTP://b:80/p?q HTTP/1.1\r\nHost: a\r\n\r\n", `GET /p|q HTTP/1.1 host=b:80 len=0 ""; wait`},
	{"9112 3.2.2 without path", "GET https://b?q HTTP/1.1\r\nHost: a\r\n\r\n", `GET /|q HTTP/1.1 host=b len=0 ""; wait`},
	{"9110 7.2 address without brackets", "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", `GET /| HTTP/1.1 host=::1 len=0 ""; wait`},
	{"9110 7.2 empty port", "GET / HTTP/1.1\r\nHost: a:\r\n\r\n", `GET /| HTTP/1.1 host=a: len=0 ""; wait`},
	{"9112 3.2.2 user information is dropped", "GET http://u:p@[::1]:80 HTTP/1.1\r\nHost: a\r\n\r\n", `GET /| HTTP/1.1 host=[::1]:80 len=0 ""; wait`},
	{"9112 3.2.3 authority-form", "CONNECT a:443 HTTP/1.1\r\nHost: b\r\n\r\n", `CONNECT | HTTP/1.1 host=a:443 len=0 ""; close`},
	{"9112 3.2.3 without Host", "CONNECT [::1]:443 HTTP/1.1\r\n\r\n", `CONNECT | HTTP/1.1 host=[::1]:443 len=0 ""; close`},
	{"9112 3.2.4 asterisk-form", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", `OPTIONS *| HTTP/1.1 host=a len=0 ""; wait`},
	{"9112 3.2.4 UPnP", "M-SEARCH * HTTP/1.1\r\nHost: a\r\n\r\n", `M-SEARCH *| HTTP/1.1 host=a len=0 ""; wait`},
	{"9110 7.2 empty Host", "GET / HTTP/1.1\r\nHost: \r\n\r\n", `GET /| HTTP/1.1 host= len=0 ""; wait`},
	{"9110 7.2 address as Host", "GET / HTTP/1.1\r\nhost:[::1%25en0]:80\r\n\r\n", `GET /| HTTP/1.1 host=[::1%25en0]:80 len=0 ""; wait`},
	{"9110 5.5 tab, high bytes and empty values", get("X: a\tb \xff\xa0", "Y:", "Z: \t "), getLog + "wait"},
	{"9112 6.2 Content-Length", post("Content-Length: 3", "abc") + get(), postLog + `len=3 "abc"; ` + getLog + "wait"},
	{"9112 6.2 leading zeros, whitespace around", post("cOnTeNt-LeNgTh: \t0003 ", "abc"), postLog + `len=3 "abc"; wait`},
	{"9112 6.2 body on GET", get("Content-Length: 1") + "x" + get(), `GET /| HTTP/1.1 host=a len=1 "x"; ` + getLog + "wait"},
	{"9112 6.2 part of a body", post("Content-Length: 3", "ab"), postLog + `len=3 "ab"; wait`},
	{"9112 7.1 chunks", chunked("3\r\nabc\r\nA\r\n0123456789\r\n000\r\n\r\n") + get(), postLog + `len=-1 "abc0123456789"; ` + getLog + "wait"},
	{"9112 7.1 no chunk", post("Transfer-Encoding: CHUNKED", "0\r\n\r\n") + get(), postLog + `len=-1 ""; ` + getLog + "wait"},
	{"9112 7.1 16 digits", chunked("0000000000000001\r\nx\r\n0\r\n\r\n"), postLog + `len=-1 "x"; wait`},
	{"9112 7.1 part of a chunk", chunked("3\r\nab"), postLog + `len=-1 "ab"; wait`},
	{"9112 7.1 data that looks like framing", chunked("7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n"), postLog + `len=-1 "\r\n0\r\n\r\n"; wait`},
	{"9112 7.1 without the last CRLF", chunked("1\r\nx\r\n0\r\n"), postLog + `len=-1 "x"; wait`},
	{"9112 7.1.1 extensions", chunked("1;a;b=c;d=\"e\\\";\t\xff\"\r\nx\r\n0;z\r\n\r\n"), postLog + `len=-1 "x"; wait`},
	{"9112 7.1.2 trailer", chunked("1\r\nx\r\n0\r\nA: b\r\nDate: \t c \r\n\r\n"), postLog + `len=-1 "x" [A: b] [Date: c]; wait`},
	{"9112 9.3 close", get("Connection: close") + get(), getLog + "close"},
	{"9112 9.3 close in a list", get("Connection: x , CLOSE,"), getLog + "close"},
	{"9112 9.3 close in a second field", get("Connection: keep-alive", "Connection: close"), getLog + "close"},
	{"9112 9.3 other options", get("Connection: closed, Upgrade"), getLog + "wait"},
	{"9112 9.3 HTTP/1.0 keep-alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", `GET /| HTTP/1.0 host= len=0 ""; wait`},
	{"9112 9.3 HTTP/1.0 both", "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", `GET /| HTTP/1.0 host= len=0 ""; close`},
	{"9110 10.1.1 Expect", post("Expect: 100-Continue\r\nContent-Length: 1", "x"), postLog + `expect len=1 "x"; wait`},
	{"9110 10.1.1 Expect as a list", post("Expect: ,100-continue ,\r\nContent-Length: 1", "x"), postLog + `expect len=1 "x"; wait`},
	{"9110 10.1.1 another expectation", post("Expect: y 100-continue\r\nContent-Length: 1", "x"), postLog + `unknown len=1 "x"; wait`},
	{"9110 10.1.1 a parameter", post("Expect: 100-continue;q=1\r\nContent-Length: 1", "x"), postLog + `unknown len=1 "x"; wait`},
	{"9110 10.1.1 both", post("Expect: 100-continue, x\r\nContent-Length: 1", "x"), postLog + `expect unknown len=1 "x"; wait`},
	{"9110 10.1.1 in two fields", post("Expect: x\r\nExpect: 100-continue\r\nContent-Length: 1", "x"), postLog + `expect unknown len=1 "x"; wait`},
	{"9110 10.1.1 empty", get("Expect:"), getLog + "wait"},
	{"9110 10.1.1 another expectation in HTTP/1.0", "GET / HTTP/1.0\r\nExpect: x\r\n\r\n", `GET /| HTTP/1.0 host= len=0 ""; close`},
	{"9110 9.3.6 nothing follows CONNECT", "CONNECT a:1 HTTP/1.1\r\n\r\n" + get(), `CONNECT | HTTP/1.1 host=a:1 len=0 ""; close`},
	{"9110 7.6.1 fields that Connection names stay", get("Connection: x", "X: y"), getLog + "wait"},
	{"9112 9.3 the last one has a body", post("Connection: close\r\nContent-Length: 1", "x") + get(), postLog + `len=1 "x"; close`},
	{"9112 9.3 the last one has chunks", post("Connection: close\r\nTransfer-Encoding: chunked", "0\r\n\r\n") + get(), postLog + `len=-1 ""; close`},
	{"9110 10.1.1 Expect without body", get("Expect: 100-continue"), getLog + "wait"},
	{"9110 10.1.1 Expect in HTTP/1.0", "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx", `POST /| HTTP/1.0 host= len=1 "x"; close`},
}

func TestRequest_accepted(t *testing.T) {
	for _, c := range acceptedRequests {
		t.Run(c.rule, func(t *testing.T) {
			replay(t, c.send, c.want, func(pieces ...[]byte) string { return requests(t, &defaults, pieces...) })
		})
	}
}

var refusedRequests = []wireCase{
	{"9112 2.2 bare LF", "GET / HTTP/1.1\nHost: a\n\n", "400"},
	{"9112 2.2 bare LF after a field", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", "400"},
	{"9112 2.2 bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", "400"},
	{"9112 2.2 bare LF first", "\nGET / HTTP/1.1\r\n", "400"},
	{"9112 2.2 bare CR ends a line", "GET / HTTP/1.1\rHost: a\r", "400"},
	{"9112 2.2 bare CR in a value", get("X: a\rb"), "400"},
	{"9112 2.2 bare CR before the end", "GET / HTTP/1.1\r\nHost: a\r\n\rX\r\n\r\n", "400"},
	{"9112 2.2 many empty lines", "\r\n\r\n\r\n\r\n\r\n" + get(), "400"},
	{"9112 2.2 whitespace before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "400"},
	{"9112 2.2 NUL in an unfinished line", "GET /\x00", "400"},
	{"9112 2.2 DEL in an unfinished field", "GET / HTTP/1.1\r\nX: \x7f", "400"},
	{"9112 2.2 TLS", "\x16\x03\x01\x02\x00\x01", "400"},
	{"9112 2.2 behind a request", get() + "\x00", getLog + "400"},
	{"9112 2.3 HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
	{"9112 2.3 HTTP/0.9", "GET / HTTP/0.9\r\n\r\n", "505"},
	{"9112 2.3 no version", "GET /\r\n\r\n", "400"},
	{"9112 2.3 case", "GET / http/1.1\r\nHost: a\r\n\r\n", "400"},
	{"9112 2.3 digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", "400"},
	{"9112 2.3 comma", "GET / HTTP/1,1\r\nHost: a\r\n\r\n", "400"},
	{"9112 2.3 another protocol", "GET / RTSP/1.0\r\n\r\n", "400"},
	{"9112 3 no spaces", "garbage\r\n\r\n", "400"},
	{"9112 3 two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"9112 3 two spaces later", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"9112 3 trailing space", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "400"},
	{"9112 3 tab", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"9112 3.1 method", "GET,B / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"9112 3.1 no method", " / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"9112 3.2 control character", "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"9112 3.2 beyond ASCII", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"9112 3.2 relative", "GET ../x HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"9112 3.2 no Host", "GET / HTTP/1.1\r\n\r\n", "400"},
	{"9112 3.2 no Host with absolute-form", "GET http://a/ HTTP/1.1\r\n\r\n", "400"},
	{"9112 3.2 two Hosts", get("Host: a"), "400"},
	{"9112 3.2 two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nhost: a\r\n\r\n", "400"},
	{"9112 3.2 list of Hosts", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", "400"},
	{"9112 3.2 space in Host", "GET / HTTP/1.0\r\nHost: a b\r\n\r\n", "400"},
	{"9112 3.2 path in Host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400"},
	{"9112 3.2 user in Host", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", "400"},
	{"9112 3.2 port of letters", "GET / HTTP/1.1\r\nHost: a:x\r\n\r\n", "400"},
	{"9112 3.2 two ports", "GET / HTTP/1.1\r\nHost: h:1:2\r\n\r\n", "400"},
	{"9112 3.2 port without host", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", "400"},
	{"9112 3.2 open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", "400"},
	{"9112 3.2 behind the bracket", "GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n", "400"},
	{"9112 3.2 bracket in a name", "GET / HTTP/1.1\r\nHost: a[b]\r\n\r\n", "400"},
	{"3875 4.1.18 underscore in Content-Length", post("Content_Length: 1", "x"), "400"},
	{"3875 4.1.18 underscore in Transfer-Encoding", post("transfer_encoding: chunked", "0\r\n\r\n"), "400"},
	{"9112 7.1 parameter of chunked", post("Transfer-Encoding: chunked;a=b", "0\r\n\r\n"), "400"},
	{"9112 3.2.2 scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"9112 3.2.2 no authority", "GET http:///p HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"9112 3.2.2 port alone", "GET http://:80/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"9112 3.2.2 comma", "GET http://a,b/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"9112 3.2.3 no port", "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"9112 3.2.3 path", "CONNECT /a:1 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"9112 3.2.3 port", "CONNECT a:1x HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"9112 3.2.3 long port", "CONNECT a:123456 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"9110 9.3.6 port 0", "CONNECT a:0 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"9110 9.3.6 port beyond all", "CONNECT a:65536 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"9112 3.2.3 empty brackets", "CONNECT []:1 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"9112 3.2.3 without brackets", "CONNECT ::1:1 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"9112 3.2.4 asterisk", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"9112 3.2.4 PRI", "PRI * HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"9112 5 no colon", get("asdf"), "400"},
	{"9112 5.1 no name", get(": x"), "400"},
	{"9112 5.1 space before the colon", get("X : y"), "400"},
	{"9112 5.1 tab before the colon", get("X\t: y"), "400"},
	{"9112 5.1 space in the name", get("X y: z"), "400"},
	{"9112 5.1 NUL in the name", get("X\x00: y"), "400"},
	{"9112 5.1 high byte in the name", get("X\xff: y"), "400"},
	{"9112 5.1 delimiter in the name", get("X{: y"), "400"},
	{"9112 5.2 folded line", get("X: a", " b"), "400"},
	{"9112 5.2 folded by tab", get("X: a", "\tb"), "400"},
	{"9110 5.5 NUL", get("X: a\x00b"), "400"},
	{"9110 5.5 DEL", get("X: 0123456789\x7fb"), "400"},
	{"9110 5.5 form feed", get("X: \x0c"), "400"},
	{"9112 6.1 unknown coding", post("Transfer-Encoding: gzip, chunked", ""), "501"},
	{"9112 6.1 two fields", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", ""), "400"},
	{"9112 6.1 empty", post("Transfer-Encoding:", ""), "400"},
	{"9112 6.1 no-break space", post("Transfer-Encoding: \xa0chunked", ""), "400"},
	{"9112 6.1 HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "400"},
	{"9112 6.3 chunked is not last", post("Transfer-Encoding: chunked, gzip", ""), "400"},
	{"9112 6.3 identity", post("Transfer-Encoding: identity", ""), "400"},
	{"9112 6.3 both lengths", post("Content-Length: 3\r\nTransfer-Encoding: chunked", ""), "400"},
	{"9112 6.3 both lengths, other order", post("Transfer-Encoding: chunked\r\nContent-Length: 3", ""), "400"},
	{"9112 6.3 letters", post("Content-Length: x", ""), "400"},
	{"9112 6.3 sign", post("Content-Length: +1", ""), "400"},
	{"9112 6.3 negative", post("Content-Length: -1", ""), "400"},
	{"9112 6.3 underscore", post("Content-Length: 1_0", ""), "400"},
	{"9112 6.3 hexadecimal", post("Content-Length: 0x1", ""), "400"},
	{"9112 6.3 space inside", post("Content-Length: 1 2", ""), "400"},
	{"9112 6.3 empty", post("Content-Length:", ""), "400"},
	{"9112 6.3 overflow", post("Content-Length: 9223372036854775808", ""), "400"},
	{"9112 6.3 list", post("Content-Length: 1, 1", ""), "400"},
	{"9112 6.3 two equal", post("Content-Length: 1\r\nContent-Length: 1", ""), "400"},
	{"9112 6.3 two", post("Content-Length: 1\r\nContent-Length: 2", ""), "400"},
	{"9110 15.5.14 length over the limit", post("Content-Length: 9223372036854775807", ""), "413"},
}

func TestRequest_refused(t *testing.T) {
	for _, c := range refusedRequests {
		t.Run(c.rule, func(t *testing.T) {
			replay(t, c.send, c.want, func(pieces ...[]byte) string { return requests(t, &defaults, pieces...) })
		})
	}
}

// bodyCase is a chunked body, what is read of it, and the status that refuses the rest.
type bodyCase struct{ rule, body, got, want string }

func (c *bodyCase) wire() wireCase {
	return wireCase{c.rule, chunked(c.body), postLog + `len=-1 "` + c.got + `"; ` + c.want}
}

var refusedBodies = []bodyCase{
	{"9112 7.1 no digits", "x\r\n", "", "400"},
	{"9112 7.1 empty line", "\r\n", "", "400"},
	{"9112 7.1 sign", "+1\r\n", "", "400"},
	{"9112 7.1 prefix", "0x1\r\n", "", "400"},
	{"9112 7.1 underscore", "1_0\r\n", "", "400"},
	{"9112 7.1 17 digits", "00000000000000001\r\n", "", "400"},
	{"9112 7.1 too large for any body", "ffffffffffffffff\r\n", "", "413"},
	{"9112 7.1 space after the size", "1 \r\nx\r\n", "", "400"},
	{"9112 7.1 space before the size", " 1\r\nx\r\n", "", "400"},
	{"9112 7.1 bare LF after the size", "1\nx\r\n0\r\n\r\n", "", "400"},
	{"9112 7.1 CR before the end of the line", "1\r\r\nx\r\n", "", "400"},
	{"9112 7.1 more data than announced", "1\r\nxy\r\n", "x", "400"},
	{"9112 7.1 bare LF after the data", "1\r\nx\n0\r\n\r\n", "x", "400"},
	{"9112 7.1 CR without LF after the data", "1\r\nx\r0\r\n\r\n", "x", "400"},
	{"9112 7.1 bare LF after the last chunk", "1\r\nx\r\n0\r\n\n", "x", "400"},
	{"9112 7.1 the second size", "1\r\nx\r\ny\r\n", "x", "400"},
	{"9112 7.1.1 no semicolon", "1 a\r\nx\r\n", "", "400"},
	{"9112 7.1.1 no name", "1;\r\nx\r\n", "", "400"},
	{"9112 7.1.1 no name before the sign", "1;=a\r\nx\r\n", "", "400"},
	{"9112 7.1.1 no value", "1;a=\r\nx\r\n", "", "400"},
	{"9112 7.1.1 whitespace", "1; a\r\nx\r\n", "", "400"},
	{"9112 7.1.1 open quotes", "1;a=\"b\r\nx\r\n", "", "400"},
	{"9112 7.1.1 backslash at the end", "1;a=\"\\\r\nx\r\n", "", "400"},
	{"9112 7.1.1 control character in quotes", "1;a=\"\x01\"\r\nx\r\n", "", "400"},
	{"9112 7.1.1 behind the quotes", "1;a=\"b\"c\r\nx\r\n", "", "400"},
	{"9112 7.1.2 no colon", "0\r\nx\r\n\r\n", "", "400"},
	{"9112 7.1.2 folded", "0\r\n x: y\r\n\r\n", "", "400"},
	{"9112 7.1.2 bare LF", "0\r\nx: y\n\r\n", "", "400"},
	{"9112 7.1.2 control character", "0\r\nx: \x01\r\n\r\n", "", "400"},
	{"9110 6.5.1 Content-Length", "0\r\nContent-Length: 0\r\n\r\n", "", "400"},
	{"9110 6.5.1 Transfer-Encoding", "0\r\nTransfer-Encoding: chunked\r\n\r\n", "", "400"},
	{"9110 6.5.1 Host", "0\r\nHost: a\r\n\r\n", "", "400"},
	{"9110 6.5.1 Keep-Alive", "0\r\nKeep-Alive: x\r\n\r\n", "", "400"},
	{"9110 6.5.1 Upgrade", "0\r\nUpgrade: x\r\n\r\n", "", "400"},
	{"9110 6.5.1 TE", "0\r\nTE: x\r\n\r\n", "", "400"},
	{"9110 6.5.1 Trailer", "0\r\nTrailer: x\r\n\r\n", "", "400"},
	{"9110 6.5.1 Expect", "0\r\nExpect: x\r\n\r\n", "", "400"},
	{"9110 6.5.1 Content_Length", "0\r\nContent_Length: x\r\n\r\n", "", "400"},
	{"9110 6.5.1 Connection", "0\r\nConnection: close\r\n\r\n", "", "400"},
}

func TestRequest_refusedBody(t *testing.T) {
	for _, c := range refusedBodies {
		t.Run(c.rule, func(t *testing.T) {
			w := c.wire()
			replay(t, w.send, w.want, func(pieces ...[]byte) string { return requests(t, &defaults, pieces...) })
		})
	}
}

// small has limits that the cases reach.
var small = http1.Limits{RequestLine: 20, HeaderBytes: 80, HeaderFields: 3, ChunkLine: 8, TrailerBytes: 16, Body: 10}.WithDefaults()

var requestsAtLimits = func() []wireCase {
	line := func(n int) string { return "GET /" + strings.Repeat("a", n-len("GET / HTTP/1.1")) + " HTTP/1.1" }
	head := func(n int) string {
		s := get("X: ")
		return strings.Replace(s, "X: ", "X: "+strings.Repeat("x", n-len(s)), 1)
	}
	return []wireCase{
		{"longest start line", line(20) + "\r\nHost: a\r\n\r\n", `GET /aaaaaa| HTTP/1.1 host=a len=0 ""; wait`},
		{"start line", line(21) + "\r\nHost: a\r\n\r\n", "414"},
		{"start line without end", "GET /" + strings.Repeat("a", 17), "414"},
		{"longest head", head(80), getLog + "wait"},
		{"head", head(81), "431"},
		{"head without end", head(90)[:80], "431"},
		{"most fields", get("1: ", "2: "), getLog + "wait"},
		{"fields", get("1: ", "2: ", "3: "), "431"},
		{"largest body", post("Content-Length: 10", "0123456789"), postLog + `len=10 "0123456789"; wait`},
		{"body", post("Content-Length: 11", ""), "413"},
		{"largest chunks", chunked("9\r\n012345678\r\n1\r\n9\r\n0\r\n\r\n"), postLog + `len=-1 "0123456789"; wait`},
		{"chunks", chunked("9\r\n012345678\r\n2\r\n9a\r\n0\r\n\r\n"), postLog + `len=-1 "012345678"; 413`},
		{"longest chunk line", chunked("1;abcd\r\nx\r\n0\r\n\r\n"), postLog + `len=-1 "x"; wait`},
		{"each body by itself", strings.Repeat(chunked("9\r\n012345678\r\n0\r\n1:\r\n2:\r\n\r\n"), 2), strings.Repeat(postLog+`len=-1 "012345678" [1: ] [2: ]; `, 2) + "wait"},
		{"trailer behind extensions", chunked("1;abcd\r\nx\r\n1;abcd\r\nx\r\n0\r\na: 345\r\nb: 345\r\n\r\n"), postLog + `len=-1 "xx" [a: 345] [b: 345]; wait`},
		{"chunk line", chunked("1;abcde\r\nx\r\n0\r\n\r\n"), postLog + `len=-1 ""; 400`},
		{"chunk line without end", chunked("00000000"), postLog + `len=-1 ""; 400`},
		{"largest trailer", chunked("0\r\na: 345\r\nb: 345\r\n\r\n"), postLog + `len=-1 "" [a: 345] [b: 345]; wait`},
		{"trailer", chunked("0\r\na: 345\r\nb: 3456\r\n\r\n"), postLog + `len=-1 "" [a: 345]; 431`},
		{"trailer without end", chunked("0\r\na: 345\r\nb: 34567890"), postLog + `len=-1 "" [a: 345]; 431`},
		{"most trailer fields", chunked("0\r\n1:\r\n2:\r\n3:\r\n\r\n"), postLog + `len=-1 "" [1: ] [2: ] [3: ]; wait`},
		{"trailer fields", chunked("0\r\n1:\r\n2:\r\n3:\r\n4:\r\n\r\n"), postLog + `len=-1 "" [1: ] [2: ] [3: ]; 431`},
	}
}()

func TestRequest_limits(t *testing.T) {
	for _, c := range requestsAtLimits {
		t.Run(c.rule, func(t *testing.T) {
			replay(t, c.send, c.want, func(pieces ...[]byte) string { return requests(t, &small, pieces...) })
		})
	}
}

// requestsWithExtensions are too long to be replayed at every place.
var requestsWithExtensions = []wireCase{
	{"5,000 bytes of extensions on 50 bytes of body", extended(50, 1), postLog + `len=-1 "` + strings.Repeat("x", 40) + `"; 400`},
	{"100 bytes of extension a chunk of 800 bytes", extended(50, 800), postLog + `len=-1 "` + strings.Repeat("x", 40000) + `"; wait`},
}

// extended is a body of chunks that have an extension of 100 bytes each.
func extended(chunks, size int) string {
	one := hex(size) + ";" + strings.Repeat("e", 99) + "\r\n" + strings.Repeat("x", size) + "\r\n"
	return chunked(strings.Repeat(one, chunks) + "0\r\n\r\n")
}

func TestRequest_limitOnExtensions(t *testing.T) {
	for _, c := range requestsWithExtensions {
		if log := requests(t, &defaults, []byte(c.send)); log != c.want {
			t.Errorf("%s: %.60s…%s", c.rule, log, log[len(log)-6:])
		}
	}
}

func TestRequest_unlimitedBody(t *testing.T) {
	lim := http1.Limits{Body: -1}.WithDefaults()
	for _, c := range []struct{ send, want string }{
		{post("Content-Length: 9223372036854775807", "x"), postLog + `len=9223372036854775807 "x"; wait`},
		{chunked("7fffffffffffffff\r\nx"), postLog + `len=-1 "x"; wait`},
		{chunked("1\r\nx\r\n7fffffffffffffff\r\nx"), postLog + `len=-1 "x"; 413`},
	} {
		replay(t, c.send, c.want, func(pieces ...[]byte) string { return requests(t, &lim, pieces...) })
	}
}

// TestError_holdsNothingOfThePeer guards logs and error pages against secrets.
func TestError_holdsNothingOfThePeer(t *testing.T) {
	const secret = "hunter2"
	for _, c := range []struct{ send, want string }{
		{get("Authorization: " + secret + "\x00"), "http1: a control character in a header field (RFC 9110 §5.5)"},
		{get(secret), "http1: malformed header field name (RFC 9112 §5.1)"},
		{"GET " + secret + " HTTP/1.1\r\n\r\n", "http1: malformed request target (RFC 9112 §3.2)"},
	} {
		var r http1.RequestReader
		err := r.ParseHead(c.send, &defaults, new(httputil.Request))
		if err == nil || err.Error() != c.want {
			t.Errorf("%q: %v, want %s", c.send, err, c.want)
		}
	}
}

func hex(n int) string { return strconv.FormatInt(int64(n), 16) }
