package httpclient_test

import (
	"context"
	"errors"
	"io"
	"net/http/httptrace"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"eddy/async"
	"eddy/http1"
	"eddy/httpclient"
	"eddy/internal/poll"
	"eddy/loop"
)

// What a server does wrong ends the fetch with an error that says so, and the connection.
func TestExchange_Faults(t *testing.T) {
	protocol := new(http1.Error)
	for name, c := range map[string]struct {
		request httpclient.Request
		sends   string
		closes  bool
		phase   httpclient.Phase
		is      error
		as      any
	}{
		"no HTTP":                  {sends: "SSH-2.0\r\n", phase: "head", as: &protocol},
		"closed":                   {closes: true, phase: "head", is: httpclient.ErrCut},
		"closed in the head":       {sends: "HTTP/1.1 200 OK\r\n", closes: true, phase: "head", is: httpclient.ErrCut},
		"closed in the body":       {sends: head + "12345", closes: true, phase: "body", is: httpclient.ErrCut},
		"closed in a chunk":        {sends: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", closes: true, phase: "body", is: httpclient.ErrCut},
		"no last chunk":            {sends: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", closes: true, phase: "body", is: httpclient.ErrCut},
		"a bad chunk":              {sends: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", phase: "body", as: &protocol},
		"two lengths":              {sends: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", phase: "head", as: &protocol},
		"a head without end":       {sends: "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("x", 100<<10), phase: "head", as: &protocol},
		"interim heads for ever":   {sends: strings.Repeat("HTTP/1.1 102 P\r\n\r\n", 102), phase: "head", as: &protocol},
		"interim heads too large":  {sends: strings.Repeat("HTTP/1.1 103 E\r\nA: "+strings.Repeat("x", 30<<10)+"\r\n\r\n", 3), phase: "head"},
		"an interim head, closed":  {sends: "HTTP/1.1 102 P\r\n\r\n", closes: true, phase: "head", is: httpclient.ErrCut},
		"a body beyond MaxBody":    {httpclient.Request{MaxBody: 3}, "HTTP/1.1 200 OK\r\n\r\nabcd", false, "body", httpclient.ErrBodyTooLarge, nil},
		"chunks beyond MaxBody":    {httpclient.Request{MaxBody: 3}, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd", false, "body", httpclient.ErrBodyTooLarge, nil},
		"a length beyond MaxBody":  {httpclient.Request{MaxBody: 3}, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", false, "head", httpclient.ErrBodyTooLarge, nil},
		"a length beyond anything": {sends: "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n", phase: "head", is: httpclient.ErrBodyTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			onFakeNet(t, httpclient.Options{}, func(n *fakeNet) {
				c.request.URL = server
				done := n.do(context.Background(), &c.request)
				n.answer(c.sends)
				if c.closes {
					n.last().CloseWrite()
				}
				r := <-done
				if c.as != nil {
					if !errors.As(r.err, c.as) {
						t.Errorf("%T %v", r.err, r.err)
					}
					c.is = r.err
				}
				if c.is == nil {
					c.is = r.err
				}
				failsIn(t, r.err, c.phase, c.is)
				if synctest.Wait(); !closed(n.last()) || r.took > time.Second {
					t.Errorf("closed %v, after %v", closed(n.last()), r.took)
				}
			})
		})
	}
}

// What only looks odd is taken.
func TestExchange_OddButRight(t *testing.T) {
	for name, c := range map[string]struct {
		request httpclient.Request
		sends   string
		closes  bool
		status  int
		body    string
	}{
		"to the end of the connection": {sends: "HTTP/1.1 200 OK\r\n\r\nabc", closes: true, status: 200, body: "abc"},
		"HTTP/1.0":                     {sends: "HTTP/1.0 200 OK\r\n\r\nabc", closes: true, status: 200, body: "abc"},
		"no reason":                    {sends: "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", status: 200},
		"equal lengths":                {sends: "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\nContent-Length: 2\r\n\r\nab", status: 200, body: "ab"},
		"no content, with length":      {sends: "HTTP/1.1 204 X\r\nContent-Length: 7\r\n\r\n", status: 204},
		"not modified, with length":    {sends: "HTTP/1.1 304 X\r\nContent-Length: 7\r\n\r\n", status: 304},
		"head, beyond MaxBody":         {httpclient.Request{Method: "HEAD", MaxBody: 1}, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", false, 200, ""},
		"a status of nobody":           {sends: "HTTP/1.1 799 ?\r\nContent-Length: 1\r\n\r\n?", status: 799, body: "?"},
		"of MaxBody":                   {httpclient.Request{MaxBody: 3}, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", false, 200, "abc"},
	} {
		t.Run(name, func(t *testing.T) {
			onFakeNet(t, httpclient.Options{}, func(n *fakeNet) {
				c.request.URL = server
				done := n.do(context.Background(), &c.request)
				for i := range c.sends { // every way to be cut into pieces is one of these, or simpler
					n.answer(c.sends[i : i+1])
				}
				if c.closes {
					n.last().CloseWrite()
				}
				if r := <-done; r.err != nil || r.resp.Status != c.status || string(r.resp.Body) != c.body {
					t.Errorf("%v, %+v", r.err, r.resp)
				}
			})
		})
	}
}

func TestExchange_Trailer(t *testing.T) {
	const chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nSum: 1\r\n\r\n"
	onFakeNet(t, httpclient.Options{}, func(n *fakeNet) {
		done := n.get("/")
		n.answer(chunks)
		if r := n.good(done, "ok"); r.Trailer.Get("Sum") != "1" {
			t.Errorf("%v", r.Trailer)
		}
		time.AfterFunc(time.Second, func() { n.last().Send(chunks) })
		s, err := n.client.Stream(context.Background(), &httpclient.Request{URL: server})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if s.Trailer.Len() != 0 { // it belongs to the caller, who reads it while more comes
			t.Error("the trailer is there before the body was read")
		}
		if b, err := io.ReadAll(s); string(b) != "ok" || err != nil || s.Trailer.Get("Sum") != "1" {
			t.Errorf("%q, %v, %v", b, err, s.Trailer)
		}
	})
}

// What was given to the caller is his own.
func TestExchange_ResponseIsTheCallers(t *testing.T) {
	onFakeNet(t, httpclient.Options{}, func(n *fakeNet) {
		var all []*httpclient.Response
		for i := range 20 {
			c := string(rune('a' + i))
			done := n.get("/")
			n.answer("HTTP/1.1 200 " + c + "\r\nContent-Length: 3\r\nX: " + c + "\r\n\r\n" + c + c + c)
			all = append(all, n.good(done, c+c+c))
		}
		for i, r := range all {
			if c := string(rune('a' + i)); string(r.Body) != c+c+c || r.Header.Get("X") != c || r.Reason != c {
				t.Errorf("%d: %q %q %q", i, r.Body, r.Header.Get("X"), r.Reason)
			}
		}
	})
}

// Memory of the caller is not read any more once Do has returned.
func TestExchange_BodyIsTheCallersAgain(t *testing.T) {
	for name, end := range map[string]func(n *fakeNet, cancel func()){
		"context":        func(n *fakeNet, cancel func()) { cancel() },
		"early response": func(n *fakeNet, _ func()) { n.last().Send(ok) },
		"refused": func(n *fakeNet, _ func()) {
			n.last().Send("HTTP/1.1 413 L\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		},
		"client": func(n *fakeNet, _ func()) { n.client.Close() },
		"fault":  func(n *fakeNet, _ func()) { n.last().Send("x") },
	} {
		t.Run(name, func(t *testing.T) {
			onFakeNet(t, httpclient.Options{}, func(n *fakeNet) {
				n.fetch(&httpclient.Request{URL: server}, ok)
				n.last().SetRoom(1000)
				body := []byte(strings.Repeat("x", 100<<10))
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				done := n.do(ctx, &httpclient.Request{Method: "POST", URL: server, Body: body})
				time.AfterFunc(time.Second, func() { end(n, cancel) })
				<-done
				for i := range body {
					body[i] = '#'
				}
				n.last().SetRoom(-1)
				synctest.Wait()
				if strings.Contains(n.last().Take(), "#") {
					t.Error("sent after Do has returned")
				}
			})
		})
	}
}

// What goes wrong with the source of a body ends the fetch as it should be told.
func TestSource_Faults(t *testing.T) {
	mine := errors.New("mine")
	for name, c := range map[string]struct {
		source func(ctx context.Context, w io.Writer) error
		length int64
		check  func(err error) bool
	}{
		"error":     {func(context.Context, io.Writer) error { return mine }, 0, func(err error) bool { return errors.Is(err, mine) }},
		"too long":  {func(_ context.Context, w io.Writer) error { _, err := w.Write(make([]byte, 10)); return err }, 5, nil},
		"too short": {func(_ context.Context, w io.Writer) error { _, err := w.Write(make([]byte, 3)); return err }, 5, nil},
		"panic": {func(context.Context, io.Writer) error { panic(mine) }, 0, func(err error) bool {
			p, ok := errors.AsType[*async.PanicError](err)
			return ok && p.Value == mine
		}},
		"goexit": {func(context.Context, io.Writer) error { runtime.Goexit(); return nil }, 0, nil},
		"after an hour": {func(ctx context.Context, _ io.Writer) error { <-ctx.Done(); return mine }, 0,
			func(err error) bool { return errors.Is(err, httpclient.ErrTimeout) }},
	} {
		t.Run(name, func(t *testing.T) {
			onFakeNet(t, httpclient.Options{}, func(n *fakeNet) {
				for range 2 {
					r := <-n.do(context.Background(), &httpclient.Request{Method: "PUT", URL: server, BodyProducer: c.source, BodyLength: c.length})
					failsIn(t, r.err, "send", r.err)
					if c.check != nil && !c.check(r.err) {
						t.Error(r.err)
					}
					if synctest.Wait(); !closed(n.last()) {
						t.Error("the connection is open, with half a request")
					}
				}
			})
		})
	}
}

// A source is told that nobody wants more of it.
func TestSource_EndsWithTheExchange(t *testing.T) {
	onFakeNet(t, httpclient.Options{}, func(n *fakeNet) {
		ended := make(chan error, 1)
		done := n.do(context.Background(), &httpclient.Request{Method: "PUT", URL: server, BodyProducer: func(ctx context.Context, w io.Writer) error {
			var err error
			for err == nil {
				_, err = w.Write(make([]byte, 1000))
				time.Sleep(time.Second)
			}
			ended <- err
			return err
		}})
		time.Sleep(5 * time.Second)
		n.answer("HTTP/1.1 413 L\r\nContent-Length: 2\r\n\r\nno")
		n.good(done, "no")
		if err := <-ended; err == nil {
			t.Error("it was not told")
		}
		synctest.Wait()
		if !closed(n.last()) {
			t.Error("the connection is open, with half a request")
		}
	})
}

func TestExpect(t *testing.T) {
	const waits = "PUT / HTTP/1.1\r\nHost: 192.0.2.1\r\nUser-Agent: Eddy\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
	plain := strings.Replace(waits, "Expect: 100-continue\r\n", "", 1)
	for name, c := range map[string]struct {
		answers []string // each after a second; "": none
		sent    []string // before each, and after the last
		conns   int
		body    string
	}{
		"asked":               {[]string{"HTTP/1.1 100 C\r\n\r\n", ok}, []string{waits, "body", ""}, 1, "ok"},
		"asked late":          {[]string{"", "HTTP/1.1 100 C\r\n\r\n" + ok}, []string{waits, "", "body"}, 1, "ok"},
		"silence":             {[]string{"", "", ok}, []string{waits, "", "body", ""}, 1, "ok"},
		"another interim":     {[]string{"HTTP/1.1 103 E\r\n\r\n", ok}, []string{waits, "", "body"}, 1, "ok"},
		"refused":             {[]string{"HTTP/1.1 413 L\r\nContent-Length: 2\r\n\r\nno"}, []string{waits, ""}, 1, "no"},
		"answered":            {[]string{ok}, []string{waits, ""}, 1, "ok"},
		"expectations failed": {[]string{"HTTP/1.1 417 E\r\nContent-Length: 2\r\n\r\nno", ok}, []string{waits, plain + "body", ""}, 2, "ok"},
		"failed twice": {[]string{"HTTP/1.1 417 E\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 417 E\r\nContent-Length: 2\r\n\r\nno"},
			[]string{waits, plain + "body", ""}, 2, "no"},
		"failed late": {[]string{"", "", "HTTP/1.1 417 E\r\nContent-Length: 2\r\n\r\nno"}, []string{waits, "", "body", ""}, 1, "no"},
	} {
		for kind, r := range map[string]httpclient.Request{
			"body":     {Body: []byte("body"), ExpectContinue: true},
			"field":    {Body: []byte("body"), Header: fields("Expect", "100-Continue")},
			"reader":   {BodyReader: strings.NewReader("body"), BodyLength: 4, ExpectContinue: true},
			"producer": {BodyProducer: func(_ context.Context, w io.Writer) error { _, err := io.WriteString(w, "body"); return err }, BodyLength: 4, ExpectContinue: true},
		} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				onFakeNet(t, httpclient.Options{ExpectTimeout: 1500 * time.Millisecond}, func(n *fakeNet) {
					r.Method, r.URL, r.NoDecompress = "PUT", server, true
					done := n.do(context.Background(), &r)
					for i, answer := range c.answers {
						if got := strings.Replace(n.last().Take(), "100-Continue", "100-continue", 1); sortHead(got) != sortHead(c.sent[i]) {
							t.Errorf("before answer %d: %q, want %q", i, got, c.sent[i])
						}
						time.Sleep(time.Second)
						n.answer(answer)
					}
					n.good(done, c.body)
					if got := n.last().Take(); got != c.sent[len(c.answers)] {
						t.Errorf("at last: %q", got)
					}
					if len(n.dials) != c.conns {
						t.Errorf("%d connections", len(n.dials))
					}
				})
			})
		}
	}
	onFakeNet(t, httpclient.Options{}, func(n *fakeNet) { // there is nothing to wait for
		n.fetch(&httpclient.Request{Method: "POST", URL: server, ExpectContinue: true, Header: fields("Expect", "100-continue")}, ok)
		if sent := n.last().Take(); strings.Contains(sent, "Expect") {
			t.Error(sent)
		}
	})
}

// sortHead puts Expect where it stands in one that is compared with.
func sortHead(s string) string {
	const field = "Expect: 100-continue\r\n"
	if !strings.Contains(s, field) {
		return s
	}
	return field + strings.Replace(s, field, "", 1)
}

// A coroutine that is ended while it waits leaves nothing behind, and brings nobody down.
func TestExchange_CoroutineIsEnded(t *testing.T) {
	for name, client := range map[string]httpclient.Options{"head": {}, "queue": {MaxClients: 1}} {
		t.Run(name, func(t *testing.T) {
			onFakeNet(t, client, func(n *fakeNet) {
				g, err := loop.NewGroup(1, loop.Options{Poller: poller(n)})
				if err != nil {
					t.Fatal(err)
				}
				for range 2 {
					g.Pick().Spawn(context.Background(), func(ctx context.Context) {
						for range 300 { // it does not take the hint
							n.client.Do(context.WithoutCancel(ctx), &httpclient.Request{URL: server})
						}
					})
				}
				synctest.Wait()
				g.Close()
				synctest.Wait()
			})
		})
	}
}

// A trace that panics on the loop takes nobody's end away.
func TestExchange_EndsThoughATracePanics(t *testing.T) {
	boom := func() { panic("trace") }
	for name, c := range map[string]struct {
		trace  httptrace.ClientTrace
		answer string
	}{
		"the first byte": {httptrace.ClientTrace{GotFirstResponseByte: boom}, ok},
		"the rest":       {httptrace.ClientTrace{PutIdleConn: func(error) { boom() }}, ok},
		"a fault":        {httptrace.ClientTrace{WroteRequest: func(i httptrace.WroteRequestInfo) { boom() }}, "nonsense\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			onFakeNet(t, httpclient.Options{}, func(n *fakeNet) {
				body := strings.Repeat("x", 1<<20)
				n.fake.OnConnect(func(_ poll.Target, far *poll.Peer) error {
					n.dials = append(n.dials, far)
					if name == "a fault" {
						far.SetRoom(1000)
					}
					far.Establish()
					return nil
				})
				ctx := httptrace.WithClientTrace(context.Background(), &c.trace)
				done := n.do(ctx, &httpclient.Request{Method: "PUT", URL: server, Body: []byte(body)})
				n.answer(c.answer)
				select {
				case <-done:
				default:
					t.Error("it goes on")
				}
			})
		})
	}
}
