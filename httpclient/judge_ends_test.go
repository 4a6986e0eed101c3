package httpclient_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
	"time"
)

// What ends early or never, what breaks the protocol, and what ends HTTP.

func TestTransport_AsNetHTTP_Faults(t *testing.T) {
	chunked := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for name, text := range map[string]string{
		"nothing":                    "",
		"half a head":                "HTTP/1.1 200 OK\r\nContent-",
		"half a body":                "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
		"half a chunk":               chunked + "a\r\nhalf",
		"no last chunk":              chunked + "4\r\nhalf\r\n",
		"half a trailer":             chunked + "0\r\nX-A: 1\r\n",
		"no chunk size":              chunked + "x\r\n",
		"a chunk size without end":   chunked + strings.Repeat("1", 5000),
		"another protocol":           "SSH-2.0-OpenSSH\r\n\r\n",
		"HTTP/2 unasked":             "\x00\x00\x12\x04\x00\x00\x00\x00\x00\r\n\r\n",
		"no status":                  "HTTP/1.1 OK\r\n\r\n",
		"status of two digits":       "HTTP/1.1 20 OK\r\n\r\n",
		"negative length":            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"two lengths":                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok",
		"a length that is no number": "HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok",
		"field without colon":        "HTTP/1.1 200 OK\r\nfield\r\n\r\n",
	} {
		judge(t, judged{name: name, raw: says(text), run: (*tape).fails})
	}
	for _, j := range []judged{
		{name: "space in a field name", raw: says("HTTP/1.1 200 OK\r\na b: c\r\n\r\n"),
			differs: "names of fields are tokens (RFC 9110 §5.1)", eddy: "error: malformed"},
		{name: "lines that end in LF", raw: says("HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
			differs: "lines end in CRLF: what two parsers could read differently is refused", eddy: "error: malformed"},
		{name: "the same length twice", raw: says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok")},
		{name: "length and chunks", raw: says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
			differs: "framing that is in doubt is refused (RFC 9112 §6.3)", eddy: "error: malformed"},
		{name: "another coding of the transfer", raw: says("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"), run: func(p *tape) {
			_, err := p.client.Do(p.request("GET", "/", nil))
			p.note("%v", err != nil)
		}},
		{name: "a head without end", raw: func(_ int, c net.Conn, r *bufio.Reader) {
			readHead(r)
			io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			for i := 0; ; i++ {
				if _, err := fmt.Fprintf(c, "X-%d: %s\r\n", i, strings.Repeat("x", 1000)); err != nil {
					return
				}
			}
		}, run: func(p *tape) {
			_, err := p.client.Do(p.request("GET", "/", nil))
			p.note("%v", err != nil)
		}},
		{name: "101 that nobody asked for", raw: says("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"), run: func(p *tape) {
			_, err := p.client.Do(p.request("GET", "/", nil))
			p.note("%s", kindOf(err))
		}},
	} {
		judge(t, j)
	}
}

// fails notes where a response fails.
func (p *tape) fails() {
	resp, err := p.client.Do(p.request("GET", "/", nil))
	if err != nil {
		p.note("head fails")
		return
	}
	_, err = io.ReadAll(resp.Body)
	resp.Body.Close()
	p.note("%d, body fails: %v", resp.StatusCode, err != nil)
}

// hangs is a raw server that says so much and then nothing, until the client goes.
func hangs(text string) func(int, net.Conn, *bufio.Reader) {
	return func(_ int, c net.Conn, r *bufio.Reader) {
		if readHead(r) != "" {
			io.WriteString(c, text)
			io.Copy(io.Discard, r)
		}
	}
}

const begins = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome"

func TestTransport_AsNetHTTP_Ends(t *testing.T) {
	brief := func(c *http.Client) { c.Timeout = 150 * time.Millisecond }
	cancelled := func(when func(cancel func()) *httptrace.ClientTrace) func(p *tape) {
		return func(p *tape) {
			ctx, cancel := context.WithCancel(p.ctx)
			defer cancel()
			ctx = httptrace.WithClientTrace(ctx, when(cancel))
			body := watch(strings.NewReader("body"))
			resp, err := p.client.Do(p.request("POST", "/", body).WithContext(ctx))
			p.note("%v %s", resp == nil, kindOf(err))
			p.closedSoon(body)
		}
	}
	for _, j := range []judged{
		{name: "Timeout before the head", raw: hangs(""), client: brief},
		{name: "Timeout in the body", raw: hangs(begins), client: brief},
		{name: "deadline in the body", raw: hangs(begins), run: func(p *tape) {
			ctx, cancel := context.WithTimeout(p.ctx, 50*time.Millisecond)
			defer cancel()
			p.do(p.request("GET", "/", nil).WithContext(ctx))
		}},
		{name: "cancelled before", serve: showsBody, run: func(p *tape) {
			ctx, cancel := context.WithCancel(p.ctx)
			cancel()
			body := watch(strings.NewReader("body"))
			_, err := p.client.Do(p.request("POST", "/", body).WithContext(ctx))
			p.note("%s, %d connections", kindOf(err), p.conns())
			p.closedSoon(body)
		}},
		{name: "cancelled when the request is written", raw: hangs(""), run: cancelled(func(cancel func()) *httptrace.ClientTrace {
			return &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { cancel() }}
		})},
		{name: "cancelled when there is a connection", raw: hangs(""), run: cancelled(func(cancel func()) *httptrace.ClientTrace {
			return &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { cancel() }}
		})},
		{name: "cancelled at the first byte", raw: hangs("HTTP/1.1"), run: cancelled(func(cancel func()) *httptrace.ClientTrace {
			return &httptrace.ClientTrace{GotFirstResponseByte: func() { cancel() }}
		})},
		{name: "cancelled in the body", raw: hangs(begins), run: func(p *tape) {
			ctx, cancel := context.WithCancel(p.ctx)
			defer cancel()
			resp, err := p.client.Do(p.request("GET", "/", nil).WithContext(ctx))
			if err != nil {
				p.note("%s", kindOf(err))
				return
			}
			b := make([]byte, 4)
			io.ReadFull(resp.Body, b)
			cancel()
			_, err = resp.Body.Read(b)
			p.note("%v", err == context.Canceled)
			p.note("%v", resp.Body.Close())
		}},
		{name: "cancelled with a cause", raw: hangs(""), run: func(p *tape) {
			ctx, cancel := context.WithCancelCause(p.ctx)
			ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { cancel(errTest) }})
			_, err := p.client.Do(p.request("GET", "/", nil).WithContext(ctx))
			p.note("%v", errors.Is(err, errTest))
		}},
		{name: "cancelled by Cancel", raw: hangs(""), run: func(p *tape) {
			stop := make(chan struct{})
			ctx := httptrace.WithClientTrace(p.ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { close(stop) }})
			req := p.request("GET", "/", nil).WithContext(ctx)
			req.Cancel = stop //lint:ignore SA1019 http.Client.Timeout goes by it
			_, err := p.client.Transport.RoundTrip(req)
			p.note("%v", err != nil)
		}},
		{name: "Cancel in the body", raw: hangs(begins), run: func(p *tape) {
			stop := make(chan struct{})
			req := p.request("GET", "/", nil)
			req.Cancel = stop //lint:ignore SA1019 http.Client.Timeout goes by it
			resp, err := p.client.Transport.RoundTrip(req)
			if err != nil {
				p.note("%s", kindOf(err))
				return
			}
			close(stop)
			_, err = io.ReadAll(resp.Body)
			p.note("%v", err != nil)
			resp.Body.Close()
		}},
		{name: "Close while a Read waits", raw: hangs(begins), run: func(p *tape) {
			resp, err := p.client.Do(p.request("GET", "/", nil))
			if err != nil {
				p.note("%s", kindOf(err))
				return
			}
			done := make(chan error, 1)
			reading := make(chan struct{})
			go func() {
				io.ReadFull(resp.Body, make([]byte, 4))
				close(reading)
				_, err := resp.Body.Read(make([]byte, 1))
				done <- err
			}()
			<-reading
			resp.Body.Close()
			p.note("%v", <-done != nil)
		}},
		{name: "a place is free again", raw: func(n int, c net.Conn, r *bufio.Reader) {
			if n == 0 {
				hangs(begins)(n, c, r)
			} else {
				says(ok)(n, c, r)
			}
		}, run: func(p *tape) {
			ctx, cancel := context.WithCancel(p.ctx)
			defer cancel()
			resp, err := p.client.Do(p.request("GET", "/", nil).WithContext(ctx))
			if err != nil {
				p.note("%s", kindOf(err))
				return
			}
			defer resp.Body.Close()
			cancel() // nobody reads, and nobody has closed
			p.get("/")
		}},
	} {
		judge(t, j)
	}
}

func TestTransport_AsNetHTTP_Continue(t *testing.T) {
	post := func(p *tape) *http.Request {
		return p.request("POST", "/", strings.NewReader("body"), "Expect", "100-continue")
	}
	send := func(p *tape) { p.whole(post(p)) }
	for _, j := range []judged{
		{name: "asked for", serve: showsBody, run: send},
		{name: "never asked for", raw: func(_ int, c net.Conn, r *bufio.Reader) {
			readHead(r)
			b := make([]byte, 4)
			io.ReadFull(r, b)
			io.WriteString(c, ok)
		}, run: send},
		{name: "refused", raw: func(_ int, c net.Conn, r *bufio.Reader) {
			readHead(r)
			io.WriteString(c, "HTTP/1.1 417 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
			b, _ := io.ReadAll(r)
			if len(b) > 0 {
				c.Close()
			}
		}, run: func(p *tape) {
			body := watch(strings.NewReader("body"))
			req := p.request("POST", "/", body, "Expect", "100-continue")
			resp, err := p.client.Do(req)
			if err != nil {
				p.note("%s", kindOf(err))
				return
			}
			p.head(resp)
			p.body(resp)
			p.closedSoon(body)
		}},
		{name: "asked for after 102", raw: func(_ int, c net.Conn, r *bufio.Reader) {
			readHead(r)
			io.WriteString(c, "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\nX-A: 1\r\n\r\n")
			b := make([]byte, 4)
			io.ReadFull(r, b)
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n%s", b)
		}, run: func(p *tape) {
			ctx := httptrace.WithClientTrace(p.ctx, &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
				p.note("%d %v", code, h)
				return nil
			}, Got100Continue: func() { p.note("continue") }})
			p.whole(post(p).WithContext(ctx))
		}},
		{name: "an interim head that the trace refuses", raw: says("HTTP/1.1 103 Early\r\n\r\n" + ok), run: func(p *tape) {
			ctx := httptrace.WithClientTrace(p.ctx, &httptrace.ClientTrace{Got1xxResponse: func(int, textproto.MIMEHeader) error { return errTest }})
			_, err := p.client.Do(p.request("GET", "/", nil).WithContext(ctx))
			p.note("%s", kindOf(err))
		}},
		{name: "interim heads without end", raw: func(_ int, c net.Conn, r *bufio.Reader) {
			readHead(r)
			for {
				if _, err := io.WriteString(c, "HTTP/1.1 103 Early\r\nLink: "+strings.Repeat("x", 1<<15)+"\r\n\r\n"); err != nil {
					return
				}
			}
		}, run: func(p *tape) {
			_, err := p.client.Do(p.request("GET", "/", nil))
			p.note("%v", err != nil)
		}},
	} {
		judge(t, j)
	}
}

func TestTransport_AsNetHTTP_Upgrade(t *testing.T) {
	// echoes switches to a protocol that has the client's bytes come back, after a greeting in the packet of the head.
	echoes := func(_ int, c net.Conn, r *bufio.Reader) {
		if readHead(r) == "" {
			return
		}
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nhello")
		io.Copy(c, r)
	}
	for _, j := range []judged{
		{name: "both directions", raw: echoes, run: func(p *tape) {
			resp, err := p.client.Do(p.request("GET", "/", nil, "Upgrade", "echo", "Connection", "Upgrade"))
			if err != nil {
				p.note("%s", kindOf(err))
				return
			}
			p.head(resp)
			body, _ := resp.Body.(io.ReadWriteCloser)
			b := make([]byte, 5)
			_, err = io.ReadFull(body, b)
			p.note("%s %v", b, err)
			for range 3 {
				n, err := body.Write([]byte("there"))
				p.note("%d %v", n, err)
				_, err = io.ReadFull(body, b)
				p.note("%s %v", b, err)
			}
			half, _ := body.(interface{ CloseWrite() error })
			p.note("%v", half.CloseWrite())
			rest, err := io.ReadAll(body)
			p.note("%q %v", rest, err)
			p.note("%v", body.Close())
		}},
		{name: "much both ways at once", raw: echoes, run: func(p *tape) {
			resp, err := p.client.Do(p.request("GET", "/", nil, "Upgrade", "echo", "Connection", "Upgrade"))
			if err != nil {
				p.note("%s", kindOf(err))
				return
			}
			body := resp.Body.(io.ReadWriteCloser)
			const all = 4 << 20
			go io.Copy(body, io.LimitReader(zeros{}, all))
			n, err := io.CopyN(io.Discard, body, all+5)
			p.note("%d %v", n, err)
			body.Close()
		}},
		{name: "Close while a Read waits", raw: echoes, run: func(p *tape) {
			resp, err := p.client.Do(p.request("GET", "/", nil, "Upgrade", "echo", "Connection", "Upgrade"))
			if err != nil {
				p.note("%s", kindOf(err))
				return
			}
			io.ReadFull(resp.Body, make([]byte, 5))
			done := make(chan error)
			go func() {
				_, err := resp.Body.Read(make([]byte, 1))
				done <- err
			}()
			resp.Body.Close()
			p.note("%v", <-done != nil)
			_, err = resp.Body.(io.Writer).Write([]byte("x"))
			p.note("%v", err != nil)
		}},
		{name: "the end of the context does not end it", raw: echoes, run: func(p *tape) {
			ctx, cancel := context.WithCancel(p.ctx)
			defer cancel()
			resp, err := p.client.Do(p.request("GET", "/", nil, "Upgrade", "echo", "Connection", "Upgrade").WithContext(ctx))
			if err != nil {
				p.note("%s", kindOf(err))
				return
			}
			cancel()
			_, err = io.ReadFull(resp.Body, make([]byte, 5))
			p.note("%v", err)
			resp.Body.Close()
		}},
		// net/http's refuses the request where it speaks HTTP/2; Eddy's speaks HTTP/1.1 then.
		{name: "refused", byHTTP2: "\nGET / \"HOST\" length 0 coding []: 0 bytes, <nil>, trailer map[], type \"\" <nil>", serve: showsBody, run: func(p *tape) { p.whole(p.request("GET", "/", nil, "Upgrade", "echo", "Connection", "Upgrade")) }},
	} {
		judge(t, j)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
