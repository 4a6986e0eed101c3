package httpclient_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"eddy/internal/testcert"
)

// frames is one connection of a server of HTTP/2 whose every frame is said by the test.
type frames struct {
	*http2.Framer
	conn net.Conn
}

// newFrames returns the URL of a server that runs f for each connection, after the settings were exchanged.
func newFrames(t *testing.T, settings []http2.Setting, f func(n int, c *frames)) string {
	config := testcert.Shared().Server(t)
	config.NextProtos = []string{"h2"}
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range conns {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	wg.Go(func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
			wg.Go(func() {
				defer c.Close()
				preface := make([]byte, len(http2.ClientPreface))
				if _, err := io.ReadFull(c, preface); err != nil {
					return
				}
				fr := &frames{http2.NewFramer(c, c), c}
				fr.WriteSettings(settings...)
				f(n, fr)
			})
		}
	})
	return "https://" + l.Addr().String()
}

// next returns the next frame that is about a stream, nil at the end. Pings and settings are answered.
func (c *frames) next() http2.Frame {
	for {
		f, err := c.ReadFrame()
		if err != nil {
			return nil
		}
		switch f := f.(type) {
		case *http2.PingFrame:
			if !f.IsAck() {
				c.WritePing(true, f.Data)
			}
		case *http2.SettingsFrame:
			if !f.IsAck() {
				c.WriteSettingsAck()
			}
		case *http2.WindowUpdateFrame:
		default:
			return f
		}
	}
}

// request returns the stream of the next request, 0 at the end.
func (c *frames) request() uint32 {
	for {
		switch f := c.next().(type) {
		case nil:
			return 0
		case *http2.HeadersFrame:
			return f.StreamID
		}
	}
}

// answer sends a response with a body, which ends it unless it is "".
func (c *frames) answer(stream uint32, status, body string, fields ...string) {
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	e.WriteField(hpack.HeaderField{Name: ":status", Value: status})
	for i := 0; i < len(fields); i += 2 {
		e.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	c.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block.Bytes(), EndHeaders: true})
	if body != "" {
		c.WriteData(stream, true, []byte(body))
	}
}
