package httpserver

//lint:file-ignore SA1019 net/http's own server, which is to take the place of these, accepts no
// connection that says where it comes from, and closes idle ones without a GOAWAY.

import (
	"context"
	"log"
	"net"
	"net/http"
	"sync"

	"golang.org/x/net/http2"
)

// What HTTP/2 takes of memory for one client at most, whatever the client does; docs/http2.md
// has the reasons.
const (
	http2FrameSize    = 16 << 10  // what a frame may hold (RFC 9113 §6.5.2: the least that can be said)
	http2StreamBuffer = 256 << 10 // bytes of one request's body that no handler has read
	http2ConnBuffer   = 1 << 20   // and of all of a connection's
)

// http2Host serves the connections that have left their loops because their clients speak
// HTTP/2: golang.org/x/net/http2 does, in goroutines. To the server they are connections like
// others: counted, bounded, drained and cut.
type http2Host struct {
	server *Server
	engine *http2.Server
	base   *http.Server // limits and the log for engine, and the way to its drain
	errors *errorLog

	mu    sync.Mutex
	conns map[*http2Conn]struct{}
}

func newHTTP2Host(s *Server) *http2Host {
	o := &s.options
	h := &http2Host{server: s, conns: make(map[*http2Conn]struct{}), errors: &errorLog{logger: o.Logger}}
	h.base = &http.Server{
		Handler:        h,
		MaxHeaderBytes: o.Limits.HeaderBytes,
		ConnState:      noteState,
		ErrorLog:       log.New(h.errors, "", 0),
	}
	h.engine = &http2.Server{
		MaxConcurrentStreams:         uint32(o.MaxStreams),
		MaxReadFrameSize:             http2FrameSize,
		MaxUploadBufferPerStream:     http2StreamBuffer,
		MaxUploadBufferPerConnection: http2ConnBuffer,
		IdleTimeout:                  o.IdleTimeout,
		WriteByteTimeout:             o.WriteTimeout,
	}
	// It joins the two for Shutdown. Its error is about a TLS configuration, and there is none.
	_ = http2.ConfigureServer(h.base, h.engine)
	return h
}

// serve takes over a connection. It does not wait.
func (h *http2Host) serve(c *http2Conn) {
	h.mu.Lock()
	stopped := h.server.spreader.Stopped()
	if !stopped {
		h.conns[c] = struct{}{}
	}
	h.mu.Unlock()
	if stopped {
		c.cut()
		c.release()
		return
	}
	go h.run(c)
}

func (h *http2Host) run(c *http2Conn) {
	defer func() {
		h.mu.Lock()
		delete(h.conns, c)
		h.mu.Unlock()
		c.end()
		c.release()
	}()
	var conn net.Conn = c
	if c.state != nil {
		conn = &http2SecureConn{c}
	}
	h.engine.ServeConn(conn, &http2.ServeConnOpts{
		Context:    context.WithValue(h.server.options.Context, http2ConnKey{}, c),
		BaseConfig: h.base,
	})
}

// stop tells all clients to send no more requests (GOAWAY). A connection ends when those that
// it has are answered, at once if it has not even begun.
func (h *http2Host) stop() {
	h.mu.Lock()
	for c := range h.conns {
		if !c.begun.Load() {
			c.cut()
		}
	}
	h.mu.Unlock()
	_ = h.base.Shutdown(context.Background()) // it has no listener and no connection to wait for
}

// cut closes all connections at once.
func (h *http2Host) cut() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.conns {
		c.cut()
	}
}
