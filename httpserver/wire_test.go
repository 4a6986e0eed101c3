package httpserver_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"eddy/httpserver"
	"eddy/httputil"
)

// wires are conversations with echo. Each must go the same way however its bytes arrive.
var wires = []struct {
	name   string
	send   string
	want   string
	closed bool
}{
	{"RFC9112 §9.3 keep-alive is the default of 1.1",
		"GET /a HTTP/1.1\r\nHost: h\r\n\r\n", ok("GET /a "), false},
	{"RFC9112 §9.3 close is obeyed in a list",
		"GET /a HTTP/1.1\r\nHost: h\r\nConnection: te, Close\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 7\r\nConnection: close\r\n\r\nGET /a ", true},
	{"RFC9112 §9.3 1.0 closes",
		"GET /a HTTP/1.0\r\n\r\n", ok("GET /a "), true},
	{"RFC9112 §9.3 1.0 may ask for keep-alive",
		"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 7\r\nConnection: keep-alive\r\n\r\nGET /a ", false},
	{"RFC9112 §9.3.2 pipelined requests are answered in order",
		"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc" +
			"\r\nPUT /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1;x=y\r\nf\r\n0\r\nT: v\r\n\r\nGET /4 HTTP/1.1\r\nHost: h\r\n\r\n",
		ok("GET /1 ") + ok("POST /2 abc") + ok("PUT /3 def") + ok("GET /4 "), false},
	{"RFC9112 §9.6 nothing after close is answered",
		"GET /1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 7\r\nConnection: close\r\n\r\nGET /1 ", true},
	{"RFC9110 §9.3.2 HEAD has no body",
		"HEAD /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\n" + ok("GET /b "), false},
	{"RFC9112 §2.2 garbage", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc", failure(400, "Bad Request", "not the start of an HTTP message"), true},
	{"RFC9112 §3 malformed request line", "GET\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n…", true},
	{"RFC9112 §3.2 no Host", "GET / HTTP/1.1\r\n\r\n", failure(400, "Bad Request", "no Host field"), true},
	{"RFC9112 §2.3 version", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", failure(505, "HTTP Version Not Supported", "unsupported HTTP version"), true},
	{"RFC9112 §6.1 smuggling", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n",
		failure(400, "Bad Request", "both Transfer-Encoding and Content-Length"), true},
	{"RFC9112 §7.1 broken chunk",
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
		"HTTP/1.1 400 Bad Request\r\n…", true},
	{"RFC9110 §15.5.15 long target", "GET /" + strings.Repeat("a", 9000) + " HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 414 URI Too Long\r\n…", true},
	{"RFC6585 §5 large head", "GET / HTTP/1.1\r\nHost: h\r\nA: " + strings.Repeat("a", 70000), "HTTP/1.1 431 Request Header Fields Too Large\r\n…", true},
	{"RFC9110 §15.5.14 large body", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999999\r\n\r\n", "HTTP/1.1 413 Content Too Large\r\n…", true},
}

func TestWire_WholeAndInPieces(t *testing.T) {
	for _, tt := range wires {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, echo, httpserver.Options{}, func(h *harness) {
				for _, piece := range []int{1 << 20, 1, 3} {
					if piece == 1 && len(tt.send) > 10_000 {
						continue
					}
					p := h.connect()
					got := ""
					for s := tt.send; s != ""; {
						n := min(piece, len(s))
						got += h.send(p, s[:n])
						s = s[n:]
					}
					p.CloseWrite() // so that a draining connection ends
					got += h.take(p)
					checkWire(t, fmt.Sprintf("in pieces of %d", piece), got, tt.want)
					if !closed(p) {
						t.Errorf("in pieces of %d: still open after the client has closed", piece)
					}
				}
			})
		})
	}
}

func checkWire(t *testing.T, how, got, want string) {
	t.Helper()
	head, open := strings.CutSuffix(want, "…")
	if open && strings.HasPrefix(got, head) && strings.Count(got, "HTTP/1.1 ") == 1 || got == want {
		return
	}
	t.Errorf("%s: got\n%q\nwant\n%q", how, got, want)
}

func TestWire_SplitAtEveryByte(t *testing.T) {
	for _, tt := range wires {
		if len(tt.send) > 1000 {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, echo, httpserver.Options{}, func(h *harness) {
				for i := 1; i < len(tt.send); i++ {
					p := h.connect()
					got := h.send(p, tt.send[:i]) + h.send(p, tt.send[i:])
					checkWire(t, fmt.Sprintf("split at %d", i), got, tt.want)
					_, ended := p.Closed()
					if ended != tt.closed {
						t.Errorf("split at %d: the server ended the connection: %v", i, ended)
					}
					p.CloseWrite()
					synctest.Wait()
				}
			})
		})
	}
}

func TestWire_OneWriteForAPipelinedBatch(t *testing.T) {
	bubble(t, echo, httpserver.Options{}, func(h *harness) {
		p := h.connect()
		got := h.send(p, strings.Repeat("GET /a HTTP/1.1\r\nHost: h\r\n\r\n", 16))
		if got != strings.Repeat(ok("GET /a "), 16) {
			t.Errorf("got %q", got)
		}
		if reads, writes := p.Calls(); writes != 1 || reads != 1 {
			t.Errorf("%d reads, %d writes; want one each", reads, writes)
		}
	})
}

func TestWire_ShortReadsAndWrites(t *testing.T) {
	bubble(t, echo, httpserver.Options{}, func(h *harness) {
		for _, most := range []int{1, 2, 7, 100} {
			p := h.connect()
			p.SetMost(most, most)
			got := h.send(p, wires[4].send)
			checkWire(t, fmt.Sprintf("at most %d bytes a call", most), got, wires[4].want)
		}
	})
}

func TestWire_EarlyAnswerLeavesNoRoomForSmuggling(t *testing.T) {
	deaf := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		respond(w, 200, r.Path)
	})
	tests := []struct {
		name, send, want string
		open             bool
	}{
		{"the body is here: skipped",
			"POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\nHost: h\r\n\r\n", ok("/1") + ok("/2"), true},
		{"the body is to come: what comes is no request",
			"POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n", ok("/1"), true},
		{"a short body comes late: skipped",
			"POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 70000\r\n\r\n" + strings.Repeat("x", 70000) + "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n", ok("/1") + ok("/2"), true},
		{"a long body is to come: closed",
			"POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n", okClose("/1"), false},
		{"a chunked body is to come: closed",
			"POST /1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nGET /", okClose("/1"), false},
		{"the body is malformed: refused",
			"POST /1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "HTTP/1.1 400 Bad Request\r\n…", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, deaf, httpserver.Options{}, func(h *harness) {
				p := h.connect()
				checkWire(t, "answer", h.send(p, tt.send), tt.want)
				if _, ended := p.Closed(); ended == tt.open {
					t.Errorf("the server ended the connection: %v", ended)
				}
			})
		})
	}
}

// A client that sends a CRLF behind its body must still get all of its response.
func TestWire_CRLFBehindTheLastBody(t *testing.T) {
	bubble(t, echo, httpserver.Options{}, func(h *harness) {
		p := h.connect()
		got := h.send(p, "POST /a HTTP/1.0\r\nContent-Length: 1\r\n\r\nx")
		if got != ok("POST /a x") || closed(p) {
			t.Errorf("got %q, closed %v; want the answer, and the connection to wait for the client's end", got, closed(p))
		}
		p.Send("\r\n")
		synctest.Wait()
		if p.Unread() != 0 {
			t.Error("the CRLF is unread: closing would reset the connection")
		}
		p.CloseWrite()
		synctest.Wait()
		if !closed(p) {
			t.Error("not closed")
		}
	})
}
