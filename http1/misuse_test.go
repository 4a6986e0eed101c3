package http1_test

import (
	"math"
	"testing"

	"eddy/http1"
	"eddy/httputil"
)

// misuses are calls that do not fit, with the error that says so.
var misuses = []struct {
	name string
	call func() error
	want string
}{
	{"a body before any request", func() error {
		var r http1.RequestReader
		return readNothing(r.ReadBody)
	}, "http1: no head to go with it (RFC 9112 §2.1)"},
	{"a head inside a body", func() error {
		r := requestReader(post("Content-Length: 1", ""))
		_, err := r.FindHead([]byte("x"), &defaults)
		return err
	}, "http1: the message before it is not complete (RFC 9112 §9.3)"},
	{"a parsed head inside a chunk", func() error {
		r := requestReader(chunked(""))
		r.ReadBody([]byte("3\r\nx"), math.MaxInt, &defaults, nil)
		return r.ParseHead(get(), &defaults, new(httputil.Request))
	}, "http1: the message before it is not complete (RFC 9112 §9.3)"},
	{"a hand-over inside a body", func() error {
		r := requestReader(post("Content-Length: 1", ""))
		return r.Switch()
	}, "http1: the message before it is not complete (RFC 9112 §9.3)"},
	{"a request behind the last one", func() error {
		r := requestReader(get("Connection: close"))
		_, err := r.FindHead([]byte(get()), &defaults)
		return err
	}, "http1: the message before it was the last one (RFC 9112 §9.6)"},
	{"a request behind a first byte of another protocol", func() error {
		var r http1.RequestReader
		return behindSwitch(&r)
	}, "http1: the connection is not HTTP's any more (RFC 9110 §7.8)"},
	{"a request behind an upgrade", func() error {
		r := requestReader(get("Connection: upgrade", "Upgrade: x"))
		return behindSwitch(&r)
	}, "http1: the connection is not HTTP's any more (RFC 9110 §7.8)"},
	{"a request behind CONNECT", func() error {
		r := requestReader("CONNECT a:1 HTTP/1.1\r\n\r\n")
		return behindSwitch(&r)
	}, "http1: the connection is not HTTP's any more (RFC 9110 §7.8)"},
	{"a second hand-over", func() error {
		var r http1.RequestReader
		if err := r.Switch(); err != nil {
			return err
		}
		return r.Switch()
	}, "http1: the connection is not HTTP's any more (RFC 9110 §7.8)"},
	{"a hand-over behind a fault", func() error {
		var r http1.RequestReader
		r.FindHead([]byte("\x00"), &defaults)
		return r.Switch()
	}, "http1: not the start of an HTTP message (RFC 9112 §3)"},

	{"a response that was not asked for", func() error {
		var r http1.ResponseReader
		_, err := r.FindHead([]byte("HTTP/1.1 200 OK\r\n\r\n"), &defaults)
		return err
	}, "http1: no head to go with it (RFC 9112 §2.1)"},
	{"a body before the response", func() error {
		var r http1.ResponseReader
		if err := r.Start("GET"); err != nil {
			return err
		}
		return readNothing(r.ReadBody)
	}, "http1: no head to go with it (RFC 9112 §2.1)"},
	{"a body behind an interim response", func() error {
		r := responseReader("HTTP/1.1 100 x\r\n\r\n")
		return readNothing(r.ReadBody)
	}, "http1: no head to go with it (RFC 9112 §2.1)"},
	{"a second response to one request", func() error {
		r := responseReader("HTTP/1.1 204 x\r\n\r\n")
		return r.ParseHead("HTTP/1.1 204 x\r\n\r\n", &defaults, new(http1.ResponseHead))
	}, "http1: no head to go with it (RFC 9112 §2.1)"},
	{"a request before the response is complete", func() error {
		r := responseReader("HTTP/1.1 200 x\r\n\r\n")
		return r.Start("GET")
	}, "http1: the message before it is not complete (RFC 9112 §9.3)"},
	{"a request behind the last response", func() error {
		r := responseReader("HTTP/1.1 204 x\r\nConnection: close\r\n\r\n")
		return r.Start("GET")
	}, "http1: the message before it was the last one (RFC 9112 §9.6)"},
	{"a request behind the end of the connection", func() error {
		r := responseReader("HTTP/1.1 204 x\r\n\r\n")
		if err := r.EOF(); err != nil || r.KeepAlive() {
			return err
		}
		return r.Start("GET")
	}, "http1: the message before it was the last one (RFC 9112 §9.6)"},
	{"a request on a connection that ended before", func() error {
		var r http1.ResponseReader
		if err := r.EOF(); err != nil {
			return err
		}
		return r.Start("GET")
	}, "http1: the message before it was the last one (RFC 9112 §9.6)"},
	{"a request behind 101", func() error {
		r := responseReader("HTTP/1.1 101 x\r\n\r\n")
		if err := r.EOF(); err != nil {
			return err
		}
		return r.Start("GET")
	}, "http1: the connection is not HTTP's any more (RFC 9110 §7.8)"},

	{"a status of two digits", func() error { return head(99, httputil.HTTP11) }, "http1: a status must have three digits (RFC 9110 §15)"},
	{"a status of four digits", func() error { return head(1000, httputil.HTTP11) }, "http1: a status must have three digits (RFC 9110 §15)"},
	{"a negative status", func() error { return head(-200, httputil.HTTP11) }, "http1: a status must have three digits (RFC 9110 §15)"},
	{"101 to HTTP/1.0", func() error { return head(101, httputil.HTTP10) }, "http1: 101 cannot answer HTTP/1.0 (RFC 9110 §7.8)"},
	{"no method", func() error { return ask("", "/", "a") }, "http1: the method is not a token (RFC 9110 §9.1)"},
	{"method with a space", func() error { return ask("GET /x", "/", "a") }, "http1: the method is not a token (RFC 9110 §9.1)"},
	{"no target", func() error { return ask("GET", "", "a") }, "http1: the target does not fit in a request line (RFC 9112 §3.2)"},
	{"target with a space", func() error { return ask("GET", "/ HTTP/1.1", "a") }, "http1: the target does not fit in a request line (RFC 9112 §3.2)"},
	{"target with CRLF", func() error { return ask("GET", "/\r\nA:b", "a") }, "http1: the target does not fit in a request line (RFC 9112 §3.2)"},
	{"target beyond ASCII", func() error { return ask("GET", "/\xe9", "a") }, "http1: the target does not fit in a request line (RFC 9112 §3.2)"},
	{"host with CRLF", func() error { return ask("GET", "/", "a\r\nA:b") }, "http1: the host does not fit in a Host field (RFC 9112 §3.2)"},
	{"host with a path", func() error { return ask("GET", "/", "a/b") }, "http1: the host does not fit in a Host field (RFC 9112 §3.2)"},
}

func TestMisuse_IsALocalError(t *testing.T) {
	for _, c := range misuses {
		if err := c.call(); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

// TestMisuse_ChangesNothing goes on behind a call that did not fit.
func TestMisuse_ChangesNothing(t *testing.T) {
	r := requestReader(post("Content-Length: 1", ""))
	if _, err := r.FindHead([]byte("x"), &defaults); err == nil {
		t.Error("a head inside a body")
	}
	if data, n, done, err := r.ReadBody([]byte("xy"), math.MaxInt, &defaults, nil); string(data) != "x" || n != 1 || !done || err != nil {
		t.Errorf("the body: %q, %d, %v, %v", data, n, done, err)
	}
	for range 2 {
		if data, n, done, err := r.ReadBody([]byte("y"), math.MaxInt, &defaults, nil); len(data)+n != 0 || !done || err != nil {
			t.Errorf("behind the body: %q, %d, %v, %v", data, n, done, err)
		}
	}
	if n, err := r.FindHead([]byte(get()), &defaults); n != len(get()) || err != nil {
		t.Errorf("the next head: %d, %v", n, err)
	}
}

func TestSwitch_HandsTheConnectionOver(t *testing.T) {
	r := requestReader(get("Connection: upgrade", "Upgrade: x"))
	if r.Tunnel() || !r.KeepAlive() {
		t.Errorf("before: Tunnel %v, KeepAlive %v", r.Tunnel(), r.KeepAlive())
	}
	var e http1.ResponseEncoder
	e.Init(&httputil.Request{Method: "GET", Version: httputil.HTTP11}, true)
	if _, err := e.AppendHead(nil, 101, "", nil, 0, nil); err != nil || !e.Tunnel() {
		t.Fatalf("%v, Tunnel %v", err, e.Tunnel())
	}
	if err := r.Switch(); err != nil || !r.Tunnel() || r.KeepAlive() || !r.BodyDone() {
		t.Errorf("%v, Tunnel %v, KeepAlive %v, BodyDone %v", err, r.Tunnel(), r.KeepAlive(), r.BodyDone())
	}
	if _, err := e.AppendEnd(nil, nil); err != nil || !e.Tunnel() || e.KeepAlive() {
		t.Errorf("at the end: %v, Tunnel %v, KeepAlive %v", err, e.Tunnel(), e.KeepAlive())
	}
	e.Init(&httputil.Request{Method: "CONNECT", Version: httputil.HTTP11}, true)
	if _, err := e.AppendHead(nil, 403, "", nil, 0, nil); err != nil || e.Tunnel() {
		t.Errorf("a CONNECT that is refused: %v, Tunnel %v", err, e.Tunnel())
	}
}

func requestReader(head string) (r http1.RequestReader) {
	n, err := r.FindHead([]byte(head), &defaults)
	if err == nil {
		err = r.ParseHead(head[:n], &defaults, new(httputil.Request))
	}
	if err != nil {
		panic(err)
	}
	return r
}

func responseReader(head string) (r http1.ResponseReader) {
	err := r.Start("GET")
	if err == nil {
		err = r.ParseHead(head, &defaults, new(http1.ResponseHead))
	}
	if err != nil {
		panic(err)
	}
	return r
}

func readNothing(read bodyReader) error {
	_, _, _, err := read(nil, math.MaxInt, &defaults, nil)
	return err
}

func behindSwitch(r *http1.RequestReader) error {
	if err := r.Switch(); err != nil {
		return err
	}
	if data, n, done, err := r.ReadBody([]byte("x"), math.MaxInt, &defaults, nil); len(data)+n != 0 || !done || err != nil {
		return err
	}
	_, err := r.FindHead([]byte(get()), &defaults)
	return err
}

func head(status int, version string) error {
	var e http1.ResponseEncoder
	e.Init(&httputil.Request{Method: "GET", Version: version}, true)
	out, err := e.AppendHead(nil, status, "", nil, 0, nil)
	if len(out) != 0 || e.HeadWritten() {
		return nil
	}
	return err
}

func ask(method, target, host string) error {
	var e http1.RequestEncoder
	out, err := e.AppendHead(nil, method, target, host, nil, 0)
	if len(out) != 0 || e.HeadWritten() {
		return nil
	}
	return err
}
