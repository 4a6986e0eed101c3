package http1_test

import (
	"regexp"
	"testing"

	"eddy/http1"
)

// tight has limits that a fuzzer can reach.
var tight = http1.Limits{RequestLine: 40, HeaderBytes: 160, HeaderFields: 4, ChunkLine: 16, TrailerBytes: 32, Body: 30}.WithDefaults()

// How a message is split may change which of its faults is seen first, and so the status,
// but nothing else: neither what is accepted before nor that it is refused.
var anyStatus = regexp.MustCompile(`\b[45]\d\d$`)

func sameWhenSplit(t *testing.T, data []byte, size uint8, read func(pieces ...[]byte) string) {
	whole := anyStatus.ReplaceAllString(read(data), "refused")
	var pieces [][]byte
	for rest := data; len(rest) > 0; {
		n := min(int(size)+1, len(rest))
		pieces, rest = append(pieces, rest[:n]), rest[n:]
	}
	if got := anyStatus.ReplaceAllString(read(pieces...), "refused"); got != whole {
		t.Errorf("%q\nwhole            %s\nin pieces of %d: %s", data, whole, size+1, got)
	}
}

func FuzzRequest(f *testing.F) {
	for _, s := range []string{
		helloHead, browserHead, get("Connection: close"), post("Content-Length: 3", "abc") + get(),
		chunked("3;a=\"b\"\r\nabc\r\n0\r\nA: b\r\n\r\n"), "\r\nGET http://u@a/p?q#f HTTP/1.0\r\nHost: a\r\n\r\n",
		"CONNECT a:1 HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\nHost: a\n\n", "OPTIONS * HTTP/1.1\r\nHost: a\r\n x\r\n\r\n",
	} {
		f.Add([]byte(s), uint8(0))
		f.Add([]byte(s), uint8(7))
	}
	f.Fuzz(func(t *testing.T, data []byte, size uint8) {
		sameWhenSplit(t, data, size, func(p ...[]byte) string { return requests(t, &defaults, p...) })
		sameWhenSplit(t, data, size, func(p ...[]byte) string { return requests(t, &tight, p...) })
	})
}

func FuzzResponse(f *testing.F) {
	for _, s := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 204\r\n\r\n",
		"HTTP/1.1 100 x\r\n\r\n\r\nHTTP/1.0 200 OK\r\n\r\nabc",
		"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n",
		"HTTP/1.1 101 x\r\nConnection: upgrade\r\n\r\nabc",
	} {
		f.Add([]byte(s), uint8(0), uint8(0))
		f.Add([]byte(s), uint8(1), uint8(7))
	}
	f.Fuzz(func(t *testing.T, data []byte, first, size uint8) {
		methods := []string{[]string{"GET", "HEAD", "CONNECT"}[first%3], "GET", "GET"}
		sameWhenSplit(t, data, size, func(p ...[]byte) string { return responses(t, &defaults, methods, p...) })
		sameWhenSplit(t, data, size, func(p ...[]byte) string { return responses(t, &tight, methods, p...) })
	})
}

func FuzzChunked(f *testing.F) {
	for _, s := range []string{
		"3\r\nabc\r\n0\r\n\r\n", "3;a;b=c;d=\"e\\\"\"\r\nabc\r\n00\r\nA: b\r\n\r\n", "1e\r\n", "1\r\nx\n", "0\r\n\r", "f\r\n0123",
	} {
		f.Add([]byte(s), uint8(0))
		f.Add([]byte(s), uint8(3))
	}
	f.Fuzz(func(t *testing.T, data []byte, size uint8) {
		sent := []byte(chunked(string(data)))
		for _, lim := range []*http1.Limits{&defaults, &tight} {
			sameWhenSplit(t, sent, size, func(p ...[]byte) string { return requests(t, lim, p...) })
		}
	})
}
