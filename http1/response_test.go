package http1_test

import (
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"eddy/http1"
	"eddy/httputil"
)

// responseCase is what a server sends in answer to requests with these methods.
type responseCase struct{ rule, methods, send, want string }

var responsesOfServers = []responseCase{
	{"9112 2.2 empty lines before", "GET", "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", `200 "OK" HTTP/1.1 len=0 ""; keep`},
	{"9112 2.2 bare LF", "GET", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "502"},
	{"9112 2.2 bare CR", "GET", "HTTP/1.1 200 OK\rContent-Length: 0\r\n\r\n", "502"},
	{"9112 2.3 HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", `200 "OK" HTTP/1.0 len=1 "x"; close`},
	{"9112 2.3 another version", "GET", "HTTP/2.0 200 OK\r\n\r\n", "502"},
	{"9112 2.3 long version", "GET", "HTTP/1.01 200 OK\r\n\r\n", "502"},
	{"9112 4 another protocol", "GET", "HTTPS/1 200 OK\r\n\r\n", "502"},
	{"9112 4 first byte", "GET", "ICY", "502"},
	{"9112 4 no reason", "GET", "HTTP/1.1 204 \r\n\r\n", `204 "" HTTP/1.1 len=0 ""; keep`},
	{"9112 4 no second space", "GET", "HTTP/1.1 204\r\n\r\n", `204 "" HTTP/1.1 len=0 ""; keep`},
	{"9112 4 reason beyond ASCII", "GET", "HTTP/1.1 204 \xe9 \t\r\n\r\n", `204 "\xe9 \t" HTTP/1.1 len=0 ""; keep`},
	{"9112 4 control character in the reason", "GET", "HTTP/1.1 204 \x01\r\n\r\n", "502"},
	{"9112 4 two spaces", "GET", "HTTP/1.1  200 OK\r\n\r\n", "502"},
	{"9112 4 tab", "GET", "HTTP/1.1\t200 OK\r\n\r\n", "502"},
	{"9112 4 two digits", "GET", "HTTP/1.1 20 OK\r\n\r\n", "502"},
	{"9112 4 four digits", "GET", "HTTP/1.1 2000 OK\r\n\r\n", "502"},
	{"9112 4 below 100", "GET", "HTTP/1.1 099 OK\r\n\r\n", "502"},
	{"9112 4 letters", "GET", "HTTP/1.1 20x OK\r\n\r\n", "502"},
	{"9112 5.1 space in a name", "GET", "HTTP/1.1 200 OK\r\na b: c\r\n\r\n", "502"},
	{"9112 5.2 folded line", "GET", "HTTP/1.1 204 OK\r\na: b\r\n c\r\n \t d e \r\n\t\r\nf: g\r\n\r\n", `204 "OK" HTTP/1.1 {a: b c d e} {f: g} len=0 ""; keep`},
	{"9112 5.2 folded length", "GET", "HTTP/1.1 200 OK\r\nContent-Length:\r\n 1\r\n\r\nx", `200 "OK" HTTP/1.1 {Content-Length: 1} len=1 "x"; keep`},
	{"9112 5.2 length in two lines", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n 1\r\n\r\nx", "502"},
	{"9112 5.2 coding that hides", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nA: b\r\n Transfer-Encoding: chunked\r\n\r\nx", `200 "OK" HTTP/1.1 {Content-Length: 1} {A: b Transfer-Encoding: chunked} len=1 "x"; keep`},
	{"9112 5.2 control character in a folded line", "GET", "HTTP/1.1 200 OK\r\na: b\r\n \x01\r\n\r\n", "502"},
	{"9112 5.2 folded line, unfinished", "GET", "HTTP/1.1 200 OK\r\na: b\r\n c", "truncated"},
	{"9112 2.2 whitespace before the first field", "GET", "HTTP/1.1 200 OK\r\n a: b\r\n\r\n", "502"},
	{"9112 5.2 folded trailer", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\na: b\r\n c\r\n\r\n", `200 "OK" HTTP/1.1 len=-1 "" [a: b]; 502`},
	{"9112 6.3 HEAD", "HEAD GET", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 204 x\r\n\r\n", `200 "OK" HTTP/1.1 len=9 ""; 204 "x" HTTP/1.1 len=0 ""; keep`},
	{"9112 6.3 HEAD, chunked", "HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", `200 "OK" HTTP/1.1 len=-1 ""; keep`},
	{"9112 6.3 HEAD without length", "HEAD", "HTTP/1.1 200 OK\r\n\r\n", `200 "OK" HTTP/1.1 len=-1 ""; keep`},
	{"9112 6.3 204 with length", "GET", "HTTP/1.1 204 x\r\nContent-Length: 9\r\n\r\n", `204 "x" HTTP/1.1 len=0 ""; keep`},
	{"9112 6.3 304", "GET GET", "HTTP/1.1 304 x\r\nContent-Length: 9\r\n\r\nHTTP/1.1 304 y\r\nTransfer-Encoding: chunked\r\n\r\n", `304 "x" HTTP/1.1 len=9 ""; 304 "y" HTTP/1.1 len=-1 ""; keep`},
	{"9112 6.3 CONNECT", "CONNECT", "HTTP/1.1 200 x\r\nContent-Length: 9\r\n\r\n\x00", `200 "x" HTTP/1.1 len=0 ""; tunnel`},
	{"9112 6.3 CONNECT refused", "CONNECT", "HTTP/1.1 407 x\r\nContent-Length: 1\r\n\r\ny", `407 "x" HTTP/1.1 len=1 "y"; keep`},
	{"9112 6.3 both lengths", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", "502"},
	{"9112 6.3 two lengths", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", "502"},
	{"9112 6.3 the same length twice", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", `200 "OK" HTTP/1.1 len=1 "x"; keep`},
	{"9112 6.3 a list of equal lengths", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 1,1 , 1\r\n\r\nx", `200 "OK" HTTP/1.1 len=1 "x"; keep`},
	{"9112 6.3 a list of lengths", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n", "502"},
	{"9112 6.3 a list with a gap", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 1, \r\n\r\n", "502"},
	{"9112 6.3 chunked is not last", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", "502"},
	{"9112 6.1 chunked in HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "502"},
	{"9112 6.3 chunks", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a\r\nx\r\n0\r\nA: b\r\n\r\n", `200 "OK" HTTP/1.1 len=-1 "x" [A: b]; keep`},
	{"9112 6.3 until close", "GET", "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1", `200 "OK" HTTP/1.1 len=-1 "HTTP/1.1"; eof`},
	{"9112 6.3 nothing until close", "GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", `200 "OK" HTTP/1.0 len=-1 ""; eof`},
	{"9112 7.1 broken chunk", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy", `200 "OK" HTTP/1.1 len=-1 "x"; 502`},
	{"9112 8 no head", "GET", "", "truncated"},
	{"9112 8 part of a head", "GET", "HTTP/1.1 200", "truncated"},
	{"9112 8 interim head alone", "GET", "HTTP/1.1 100 x\r\n\r\n", `100 "x" HTTP/1.1; truncated`},
	{"9112 8 part of a body", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nx", `200 "OK" HTTP/1.1 len=3 "x"; truncated`},
	{"9112 8 no last chunk", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", `200 "OK" HTTP/1.1 len=-1 "x"; truncated`},
	{"9112 8 no end of the trailer", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", `200 "OK" HTTP/1.1 len=-1 ""; truncated`},
	{"9112 9.3 close", "GET", "HTTP/1.1 204 x\r\nConnection: close\r\n\r\n", `204 "x" HTTP/1.1 len=0 ""; close`},
	{"9112 9.3 keep-alive", "GET", "HTTP/1.0 204 x\r\nConnection: keep-alive\r\n\r\n", `204 "x" HTTP/1.0 len=0 ""; keep`},
	{"9112 9.3 pipelined", "GET GET", strings.Repeat("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 2), strings.Repeat(`200 "OK" HTTP/1.1 len=1 "x"; `, 2) + "keep"},
	{"9110 15.2 interim", "GET", "HTTP/1.1 100 x\r\nContent-Length: 5\r\n\r\nHTTP/1.1 103 y\r\n\r\n\r\nHTTP/1.1 204 z\r\n\r\n", `100 "x" HTTP/1.1; 103 "y" HTTP/1.1; 204 "z" HTTP/1.1 len=0 ""; keep`},
	{"9110 15.2 as many interim ones as may be", "GET", strings.Repeat("HTTP/1.1 102 x\r\n\r\n", 100) + "HTTP/1.1 204 y\r\n\r\n", strings.Repeat(`102 "x" HTTP/1.1; `, 100) + `204 "y" HTTP/1.1 len=0 ""; keep`},
	{"9110 15.2 no end of interim ones", "GET", strings.Repeat("HTTP/1.1 102 x\r\n\r\n", 101), strings.Repeat(`102 "x" HTTP/1.1; `, 100) + "502"},
	{"9110 15.2 trailer fields are not counted with interim ones", "GET", strings.Repeat("HTTP/1.1 102 x\r\n\r\n", 100) + "HTTP/1.1 200 y\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n", strings.Repeat(`102 "x" HTTP/1.1; `, 100) + `200 "y" HTTP/1.1 len=-1 "" [A: b]; keep`},
	{"9112 6.3 the last one has a length", "GET", "HTTP/1.1 200 x\r\nConnection: close\r\nContent-Length: 1\r\n\r\ny", `200 "x" HTTP/1.1 len=1 "y"; close`},
	{"9112 6.3 the last one has chunks", "GET", "HTTP/1.1 200 x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", `200 "x" HTTP/1.1 len=-1 ""; close`},
	{"9112 8 part of a chunk", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nx", `200 "OK" HTTP/1.1 len=-1 "x"; truncated`},
	{"9112 8 no end of a chunk", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx", `200 "OK" HTTP/1.1 len=-1 "x"; truncated`},
	{"9110 15.2.2 switching", "GET", "HTTP/1.1 101 x\r\nContent-Length: 5\r\n\r\n\x00", `101 "x" HTTP/1.1 len=0 ""; tunnel`},
}

func TestResponse(t *testing.T) {
	for _, c := range responsesOfServers {
		t.Run(c.rule, func(t *testing.T) {
			replay(t, c.send, c.want, func(pieces ...[]byte) string {
				return responses(t, &defaults, strings.Fields(c.methods), pieces...)
			})
		})
	}
}

// little has limits that responses reach.
var little = http1.Limits{RequestLine: 20, HeaderBytes: 80, Body: 3}.WithDefaults()

var responsesAtLimits = []responseCase{
	{"start line", "GET", "HTTP/1.1 200 0123456789", "502"},
	{"head", "GET", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 80), "502"},
	{"Content-Length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", "502"},
	{"Content-Length without body", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", `200 "OK" HTTP/1.1 len=4 ""; keep`},
	{"largest body until close", "GET", "HTTP/1.1 200 OK\r\n\r\nabc", `200 "OK" HTTP/1.1 len=-1 "abc"; eof`},
	{"body until close", "GET", "HTTP/1.1 200 OK\r\n\r\nabcd", `200 "OK" HTTP/1.1 len=-1 "abc"; 502`},
}

func TestResponse_limits(t *testing.T) {
	for _, c := range responsesAtLimits {
		t.Run(c.rule, func(t *testing.T) {
			replay(t, c.send, c.want, func(pieces ...[]byte) string {
				return responses(t, &little, strings.Fields(c.methods), pieces...)
			})
		})
	}
}

func TestResponse_errorsThatCallersBranchOn(t *testing.T) {
	lim := http1.Limits{Body: 3}.WithDefaults()
	var r http1.ResponseReader
	if err := r.Start("GET"); err != nil {
		t.Fatal(err)
	}
	var resp http1.ResponseHead
	if err := r.ParseHead("HTTP/1.1 200 OK\r\n\r\n", &lim, &resp); err != nil {
		t.Fatal(err)
	}
	if data, n, _, err := r.ReadBody([]byte("abcd"), math.MaxInt, &lim, nil); string(data) != "abc" || n != 3 || err != nil {
		t.Errorf("up to the limit: %q, %d, %v", data, n, err)
	}
	if _, _, _, err := r.ReadBody([]byte("x"), math.MaxInt, &lim, nil); !errors.Is(err, httputil.ErrBodyTooLarge) {
		t.Errorf("beyond the limit: %v", err)
	}
	r = http1.ResponseReader{}
	if err := r.Start("GET"); err != nil {
		t.Fatal(err)
	}
	if err := r.EOF(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("EOF before the head: %v", err)
	}
}
