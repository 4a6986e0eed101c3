package http1_test

import (
	"fmt"
	"math"

	"eddy/http1"
	"eddy/httputil"
)

// A server's side of one exchange. What comes from the connection is in unread, what goes
// to it in out.
func Example() {
	unread := []byte("POST /echo HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\n\r\nhello")
	var out []byte

	limits := http1.Limits{}.WithDefaults()
	var reader http1.RequestReader
	n, err := reader.FindHead(unread, &limits)
	if err != nil || n == 0 {
		return // refuse, or come back with more bytes
	}
	var req httputil.Request
	if err := reader.ParseHead(string(unread[:n]), &limits, &req); err != nil {
		return
	}
	unread = unread[n:]

	var encoder http1.ResponseEncoder
	encoder.Init(&req, reader.KeepAlive())
	out, _ = encoder.AppendHead(out, 200, "", nil, req.ContentLength, nil)
	for !reader.BodyDone() {
		data, n, _, err := reader.ReadBody(unread, math.MaxInt, &limits, nil)
		if err != nil || n == 0 {
			return
		}
		out, _ = encoder.AppendBody(out, data)
		unread = unread[n:]
	}
	out, _ = encoder.AppendEnd(out, nil)

	fmt.Printf("%s %s\n%q\nkeep the connection: %v\n", req.Method, req.Path, out, encoder.KeepAlive())
	// Output:
	// POST /echo
	// "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
	// keep the connection: true
}
