package http1_test

import (
	"errors"
	"fmt"
	"testing"

	"eddy/http1"
	"eddy/httputil"
)

const dateLine = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"

func header(pairs ...string) *httputil.Header {
	var h httputil.Header
	for i := 0; i < len(pairs); i += 2 {
		h.Append(pairs[i], pairs[i+1])
	}
	return &h
}

// response is what is asked of an encoder, and what must come of it.
type response struct {
	rule    string
	method  string // and version, if it is 1.0: "GET/1.0"
	close   bool   // what the caller wishes
	interim []int  // statuses
	status  int
	reason  string
	header  *httputil.Header
	length  int64
	body    []string // one piece each write
	trailer *httputil.Header

	want string
	keep bool
}

func (c *response) encode() (out []byte, e http1.ResponseEncoder, allowed bool, err error) {
	req := httputil.Request{Method: c.method, Version: httputil.HTTP11}
	if n := len(c.method) - len("/1.0"); n > 0 && c.method[n:] == "/1.0" {
		req.Method, req.Version = c.method[:n], httputil.HTTP10
	}
	e.Init(&req, !c.close)
	for _, status := range c.interim {
		if out, err = e.AppendHead(out, status, "", nil, 0, nil); err != nil {
			return out, e, false, err
		}
	}
	if out, err = e.AppendHead(out, c.status, c.reason, c.header, c.length, []byte(dateLine)); err != nil {
		return out, e, allowed, err
	}
	allowed = e.BodyAllowed()
	for _, p := range c.body {
		if out, err = e.AppendBody(out, []byte(p)); err != nil {
			return out, e, allowed, err
		}
	}
	if out, err = e.AppendEnd(out, c.trailer); err == nil {
		err = endsOnce(e.AppendEnd)
	}
	return out, e, allowed, err
}

var encoded = []response{
	{rule: "9112 6.2 length", method: "GET", status: 200, length: 2, body: []string{"o", "", "k"},
		want: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + dateLine + "\r\nok", keep: true},
	{rule: "9112 6.2 length 0", method: "POST", status: 200, length: 0,
		want: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + dateLine + "\r\n", keep: true},
	{rule: "9110 6.6.1 own Date", method: "GET", status: 200, length: 0, header: header("date", "x", "A", "b", "a", "c"),
		want: "HTTP/1.1 200 OK\r\ndate: x\r\nA: b\r\na: c\r\nContent-Length: 0\r\n\r\n", keep: true},
	{rule: "9112 4 reason", method: "GET", status: 404, reason: "Gone fishing", length: 0,
		want: "HTTP/1.1 404 Gone fishing\r\nContent-Length: 0\r\n" + dateLine + "\r\n", keep: true},
	{rule: "9112 4 reason that splits", method: "GET", status: 404, reason: "x\r\nA: b", length: 0,
		want: "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n" + dateLine + "\r\n", keep: true},
	{rule: "9112 4 unknown status", method: "GET", status: 599, reason: "\n", length: 0,
		want: "HTTP/1.1 599 \r\nContent-Length: 0\r\n" + dateLine + "\r\n", keep: true},
	{rule: "9112 4 status without phrase, with a reason", method: "GET", status: 299, reason: "Fine", length: 0,
		want: "HTTP/1.1 299 Fine\r\nContent-Length: 0\r\n" + dateLine + "\r\n", keep: true},
	{rule: "9112 6 framing fields of the caller", method: "GET", status: 200, length: 1, body: []string{"x"},
		header: header("content-length", "7", "transfer-encoding", "gzip", "Keep-Alive", "9", "Connection", "keep-alive", "A", "b"),
		want:   "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 1\r\n" + dateLine + "\r\nx", keep: true},
	{rule: "9112 7.1 chunks", method: "GET", status: 200, length: -1, body: []string{"x", "", "0123456789"},
		want: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + dateLine + "\r\n1\r\nx\r\na\r\n0123456789\r\n0\r\n\r\n", keep: true},
	{rule: "9112 7.1.2 trailer", method: "GET", status: 200, length: -1,
		trailer: header("A", "b", "Content-Length", "1", "Host", "x", "Transfer-Encoding", "x", "Connection", "x"),
		want:    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + dateLine + "\r\n0\r\nA: b\r\n\r\n", keep: true},
	{rule: "9112 7.1.2 trailer without chunks", method: "GET", status: 200, length: 0, trailer: header("A", "b"),
		want: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + dateLine + "\r\n", keep: true},
	{rule: "9112 6.3 HTTP/1.0 until close", method: "GET/1.0", status: 200, length: -1, body: []string{"x"},
		want: "HTTP/1.1 200 OK\r\n" + dateLine + "\r\nx"},
	{rule: "9112 9.3 HTTP/1.0 with length", method: "GET/1.0", status: 200, length: 1, body: []string{"x"},
		want: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n" + dateLine + "\r\nx", keep: true},
	{rule: "9112 9.3 HTTP/1.0 without body", method: "HEAD/1.0", status: 200, length: -1,
		want: "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n" + dateLine + "\r\n", keep: true},
	{rule: "9112 9.3 HTTP/1.0 closing", method: "GET/1.0", close: true, status: 200, length: 0,
		want: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + dateLine + "\r\n"},
	{rule: "9112 9.6 closing", method: "GET", close: true, status: 200, length: 0,
		want: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n" + dateLine + "\r\n"},
	{rule: "9112 9.6 closed by the handler", method: "GET", status: 200, length: 0, header: header("connection", "x, Close"),
		want: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n" + dateLine + "\r\n"},
	{rule: "9110 7.8 426 names its protocol", method: "GET", close: true, status: 426, length: 0, header: header("Connection", "Upgrade", "Upgrade", "x"),
		want: "HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Length: 0\r\nConnection: close\r\n" + dateLine + "\r\n"},
	{rule: "9110 7.8 switching", method: "GET", status: 101, length: -1, header: header("Connection", "Upgrade", "Upgrade", "x"), body: []string{"x"},
		want: "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n" + dateLine + "\r\n"},
	{rule: "9110 8.6 HEAD with length", method: "HEAD", status: 200, length: 9, body: []string{"x"},
		want: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n" + dateLine + "\r\n", keep: true},
	{rule: "9110 8.6 HEAD with length 0", method: "HEAD", status: 200, length: 0,
		want: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + dateLine + "\r\n", keep: true},
	{rule: "9110 8.6 HEAD without length", method: "HEAD", status: 200, length: -1, body: []string{"x"}, trailer: header("A", "b"),
		want: "HTTP/1.1 200 OK\r\n" + dateLine + "\r\n", keep: true},
	{rule: "9110 8.6 204", method: "GET", status: 204, length: 0,
		want: "HTTP/1.1 204 No Content\r\n" + dateLine + "\r\n", keep: true},
	{rule: "9110 8.6 204 with a body", method: "GET", status: 204, length: -1, body: []string{"x"},
		want: "HTTP/1.1 204 No Content\r\n" + dateLine + "\r\n", keep: true},
	{rule: "9110 15.3.6 205", method: "GET", status: 205, length: -1, body: []string{"x"},
		want: "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n" + dateLine + "\r\n", keep: true},
	{rule: "9112 9.6 closing behind chunks", method: "GET", close: true, status: 200, length: -1, body: []string{"x"},
		want: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n" + dateLine + "\r\n1\r\nx\r\n0\r\n\r\n"},
	{rule: "9112 9.6 closing without body", method: "HEAD", close: true, status: 200, length: -1, body: []string{"x"},
		want: "HTTP/1.1 200 OK\r\nConnection: close\r\n" + dateLine + "\r\n"},
	{rule: "9110 15.2 interim before the final one", method: "GET", interim: []int{103, 102}, status: 204, length: 0,
		want: "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 204 No Content\r\n" + dateLine + "\r\n", keep: true},
	{rule: "9110 15.2 interim before a length", method: "GET", interim: []int{103}, status: 200, length: 0,
		want: "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + dateLine + "\r\n", keep: true},
	{rule: "9110 15.2 interim before chunks", method: "GET", interim: []int{103}, status: 200, length: -1,
		want: "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + dateLine + "\r\n0\r\n\r\n", keep: true},
	{rule: "9110 15.2 interim before switching", method: "GET", interim: []int{103}, status: 101, length: 0,
		want: "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n" + dateLine + "\r\n"},
	{rule: "9110 8.6 304 with length", method: "GET", status: 304, length: 9, body: []string{"x"},
		want: "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n" + dateLine + "\r\n", keep: true},
	{rule: "9110 8.6 304 with length 0", method: "GET", status: 304, length: 0,
		want: "HTTP/1.1 304 Not Modified\r\n" + dateLine + "\r\n", keep: true},
	{rule: "9110 9.3.6 CONNECT", method: "CONNECT", status: 200, length: -1, body: []string{"x"},
		want: "HTTP/1.1 200 OK\r\n" + dateLine + "\r\n"},
	{rule: "9110 9.3.6 CONNECT refused", method: "CONNECT", status: 405, length: 1, body: []string{"x"},
		want: "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 1\r\n" + dateLine + "\r\nx", keep: true},
}

func TestResponseEncoder(t *testing.T) {
	for _, c := range encoded {
		t.Run(c.rule, func(t *testing.T) {
			out, e, _, err := c.encode()
			if err != nil || string(out) != c.want {
				t.Fatalf("error %v\n got %q\nwant %q", err, out, c.want)
			}
			if !e.HeadWritten() || !e.Done() || e.KeepAlive() != c.keep {
				t.Errorf("HeadWritten %v, Done %v, KeepAlive %v", e.HeadWritten(), e.Done(), e.KeepAlive())
			}
		})
	}
}

func TestResponseEncoder_bodyAllowed(t *testing.T) {
	for _, c := range []struct {
		method string
		status int
		want   bool
	}{{"GET", 200, true}, {"POST", 500, true}, {"HEAD", 200, false}, {"GET", 204, false}, {"GET", 304, false}, {"GET", 101, false}} {
		var e http1.ResponseEncoder
		e.Init(&httputil.Request{Method: c.method, Version: httputil.HTTP11}, true)
		if e.BodyAllowed() {
			t.Errorf("%s %d: allowed before the head", c.method, c.status)
		}
		if _, err := e.AppendHead(nil, c.status, "", nil, 5, nil); err != nil || e.BodyAllowed() != c.want {
			t.Errorf("%s %d: %v, %v", c.method, c.status, e.BodyAllowed(), err)
		}
	}
}

// Files go past the encoder, which must count them.
func TestResponseEncoder_takeRaw(t *testing.T) {
	start := func(length int64) (e http1.ResponseEncoder) {
		e.Init(&httputil.Request{Method: "GET", Version: httputil.HTTP11}, true)
		if e.TakeRaw(0) {
			t.Error("taken before the head")
		}
		if _, err := e.AppendHead(nil, 200, "", nil, length, nil); err != nil {
			t.Fatal(err)
		}
		return e
	}
	e := start(5)
	if e.TakeRaw(6) || e.TakeRaw(-1) || !e.TakeRaw(3) || e.TakeRaw(3) || !e.TakeRaw(2) {
		t.Error("5 bytes were announced, and not counted")
	}
	if _, err := e.AppendBody(nil, []byte("x")); !errors.Is(err, httputil.ErrBodyLength) {
		t.Errorf("a sixth byte: %v", err)
	}
	if _, err := e.AppendEnd(nil, nil); err != nil || !e.KeepAlive() || e.TakeRaw(0) {
		t.Errorf("the end: %v, KeepAlive %v", err, e.KeepAlive())
	}
	e = start(5)
	e.TakeRaw(4)
	if _, err := e.AppendEnd(nil, nil); !errors.Is(err, httputil.ErrBodyLength) || e.KeepAlive() {
		t.Errorf("4 bytes of 5: %v, KeepAlive %v", err, e.KeepAlive())
	}
	if e = start(-1); e.TakeRaw(1) {
		t.Error("taken into chunks")
	}
}

func TestResponseEncoder_interim(t *testing.T) {
	var e http1.ResponseEncoder
	e.Init(&httputil.Request{Method: "GET", Version: httputil.HTTP11}, true)
	out, err := e.AppendHead(nil, 103, "", header("Link", "</a>", "Content-Length", "3"), -1, []byte(dateLine))
	if want := "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"; err != nil || string(out) != want || e.HeadWritten() {
		t.Errorf("interim: %q, %v, HeadWritten %v", out, err, e.HeadWritten())
	}
	if out, err = e.AppendHead(nil, 204, "", nil, 0, nil); err != nil || string(out) != "HTTP/1.1 204 No Content\r\n\r\n" {
		t.Errorf("final: %q, %v", out, err)
	}
	if out, err = e.AppendHead(nil, 100, "", nil, 0, nil); len(out) != 0 || !errors.Is(err, httputil.ErrHeadWritten) {
		t.Errorf("interim after final: %q, %v", out, err)
	}

	e.Init(&httputil.Request{Method: "GET", Version: httputil.HTTP10}, true)
	if out, err = e.AppendHead(nil, 100, "", nil, 0, nil); len(out) != 0 || err != nil {
		t.Errorf("interim to HTTP/1.0: %q, %v", out, err)
	}
}

func TestResponseEncoder_misuse(t *testing.T) {
	begin := func(req httputil.Request, length int64) (e http1.ResponseEncoder) {
		e.Init(&req, true)
		if _, err := e.AppendHead(nil, 200, "", nil, length, nil); err != nil {
			t.Fatal(err)
		}
		return e
	}
	get := httputil.Request{Method: "GET", Version: httputil.HTTP11}
	check := func(name string, out []byte, err, want error) {
		t.Helper()
		if !errors.Is(err, want) || string(out) != "kept" {
			t.Errorf("%s: %q, %v, want %v", name, out, err, want)
		}
	}
	kept := []byte("kept")

	var fresh http1.ResponseEncoder
	fresh.Init(&get, true)
	out, err := fresh.AppendBody(kept, []byte("x"))
	check("body before the head", out, err, httputil.ErrNoHead)
	out, err = fresh.AppendEnd(kept, nil)
	check("end before the head", out, err, httputil.ErrNoHead)

	e := begin(get, 3)
	out, err = e.AppendHead(kept, 200, "", nil, 3, nil)
	check("second head", out, err, httputil.ErrHeadWritten)
	out, err = e.AppendBody(kept, []byte("four"))
	check("longer body", out, err, httputil.ErrBodyLength)
	if out, err = e.AppendBody(nil, []byte("xx")); string(out) != "xx" || err != nil {
		t.Errorf("after a write that was refused: %q, %v", out, err)
	}
	out, err = e.AppendEnd(kept, nil)
	check("shorter body", out, err, httputil.ErrBodyLength)
	if e.KeepAlive() || !e.Done() {
		t.Errorf("after a body that was too short: KeepAlive %v, Done %v", e.KeepAlive(), e.Done())
	}
	out, err = e.AppendBody(kept, []byte("x"))
	check("body after the end", out, err, httputil.ErrFinished)
	out, err = e.AppendEnd(kept, nil)
	check("second end", out, err, httputil.ErrFinished)

	e = begin(httputil.Request{Method: "HEAD", Version: httputil.HTTP11}, 3)
	out, err = e.AppendBody(kept, []byte("four"))
	check("longer body of HEAD", out, err, httputil.ErrBodyLength)
}

type request struct {
	rule, method, target, host string
	header                     *httputil.Header
	length                     int64
	body                       []string
	want                       string
	keep                       bool
}

func (c *request) encode() (out []byte, e http1.RequestEncoder, err error) {
	out, err = e.AppendHead(nil, c.method, c.target, c.host, c.header, c.length)
	for _, p := range c.body {
		if err == nil {
			out, err = e.AppendBody(out, []byte(p))
		}
	}
	if err == nil {
		out, err = e.AppendEnd(out, nil)
	}
	if err == nil {
		err = endsOnce(e.AppendEnd)
	}
	return out, e, err
}

// endsOnce tries to end a message again.
func endsOnce(end func([]byte, *httputil.Header) ([]byte, error)) error {
	if out, err := end(nil, nil); len(out) != 0 || err != httputil.ErrFinished {
		return fmt.Errorf("ended twice: %q, %v", out, err)
	}
	return nil
}

var encodedRequests = []request{
	{"9112 3.2.1 origin-form", "GET", "/p?q", "a:80", nil, 0, nil, "GET /p?q HTTP/1.1\r\nHost: a:80\r\n\r\n", true},
	{"9112 3.2.2 absolute-form", "GET", "http://a/", "a", nil, 0, nil, "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", true},
	{"9112 3.2.3 authority-form", "CONNECT", "a:1", "a:1", nil, 0, nil, "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", true},
	{"9112 6.2 length", "POST", "/", "a", header("A", "b"), 2, []string{"x", "y"}, "POST / HTTP/1.1\r\nHost: a\r\nA: b\r\nContent-Length: 2\r\n\r\nxy", true},
	{"9110 8.6 no body, but the method has one", "PUT", "/", "a", nil, 0, nil, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", true},
	{"9112 7.1 chunks", "GET", "/", "a", nil, -1, []string{"xyz"}, "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nxyz\r\n0\r\n\r\n", true},
	{"9112 6 framing fields of the caller", "GET", "/", "a", header("Host", "b", "Content-Length", "1", "Transfer-Encoding", "x", "Keep-Alive", "x", "A", "b"), 0, nil, "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n", true},
	{"9112 9.6 close behind a body", "PUT", "/", "a", header("Connection", "close"), 1, []string{"x"}, "PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", false},
	{"9112 9.6 close behind chunks", "GET", "/", "a", header("Connection", "close"), -1, nil, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false},
	{"9110 9.3.1 no body, and none is sent", "GET", "/", "a", nil, 0, []string{""}, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
	{"9112 9.6 close", "GET", "/", "a", header("Connection", "close"), 0, nil, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false},
	{"9110 7.8 upgrade", "GET", "/", "a", header("Connection", "Upgrade"), 0, nil, "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n\r\n", true},
}

func TestRequestEncoder(t *testing.T) {
	for _, c := range encodedRequests {
		t.Run(c.rule, func(t *testing.T) {
			out, e, err := c.encode()
			if err != nil || string(out) != c.want || e.KeepAlive() != c.keep {
				t.Fatalf("error %v, KeepAlive %v\n got %q\nwant %q", err, e.KeepAlive(), out, c.want)
			}
		})
	}
}

func TestRequestEncoder_misuse(t *testing.T) {
	var e http1.RequestEncoder
	if _, err := e.AppendBody(nil, []byte("x")); !errors.Is(err, httputil.ErrNoHead) {
		t.Errorf("body before the head: %v", err)
	}
	if _, err := e.AppendHead(nil, "GET", "/", "a", nil, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := e.AppendHead(nil, "GET", "/", "a", nil, 0); !errors.Is(err, httputil.ErrHeadWritten) {
		t.Errorf("second head: %v", err)
	}
	if _, err := e.AppendEnd(nil, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := e.AppendEnd(nil, nil); !errors.Is(err, httputil.ErrFinished) {
		t.Errorf("second end: %v", err)
	}
}

// Last holds for the final head, and changes nothing behind it.
func TestResponseEncoder_Last(t *testing.T) {
	for _, early := range []bool{true, false} {
		var e http1.ResponseEncoder
		e.Init(&httputil.Request{Method: "HEAD", Version: httputil.HTTP11}, true)
		p, _ := e.AppendHead(nil, 103, "", nil, 0, nil)
		if early {
			e.Last()
		}
		p, _ = e.AppendHead(p, 200, "", nil, 5, nil)
		e.Last()
		p, _ = e.AppendBody(p, []byte("12345"))
		p, err := e.AppendEnd(p, nil)
		want := "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
		if early {
			want += "Connection: close\r\n"
		}
		if string(p) != want+"\r\n" || err != nil || e.KeepAlive() == early {
			t.Errorf("early %v: %q, %v, keep-alive %v", early, p, err, e.KeepAlive())
		}
	}
}
