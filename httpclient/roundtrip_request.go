package httpclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"sync"

	"golang.org/x/net/http/httpguts"

	"eddy/httputil"
)

// trip is what a Transport has to send: a request of net/http, as often as it takes.
type trip struct {
	req    *http.Request
	gzip   bool   // was asked for, and is undone
	data   []byte // the body, if it is in memory
	length int64  // of the body; -1: not known

	mu      sync.Mutex
	body    io.ReadCloser // not read yet; nil: none, or it is in data
	try     int           // how often the request was written
	claimed bool          // the present body is being read, or has been
	closed  bool          // it was closed

	trailer *httputil.Header // to send; the source of the body sets it, before the loop looks
}

// sentTrailer returns what is sent behind a body of unknown length, nil for nothing.
func (p *trip) sentTrailer() *httputil.Header {
	if p == nil {
		return nil
	}
	return p.trailer
}

// bodyInMemory is how long a body may be that is read before the request is sent.
const bodyInMemory = 64 << 10

func (p *trip) method() string {
	if p.req.Method == "" {
		return "GET"
	}
	return p.req.Method
}

func (p *trip) hasBody() bool { return p.req.Body != nil && p.req.Body != http.NoBody }

// prepare finds out how long the body is, and reads one that is short and in memory.
func (p *trip) prepare(ctx context.Context) error {
	req := p.req
	switch {
	case !p.hasBody():
		p.closeBody()
		p.mu.Lock()
		p.body = nil
		p.mu.Unlock()
	case slices.Contains(req.TransferEncoding, "chunked"), req.ContentLength < 0:
		p.length = -1
	case req.ContentLength > 0:
		p.length = req.ContentLength
	default:
		p.length = -1
	}
	if p.length < 0 && len(req.TransferEncoding) == 0 && lacksBody(p.method()) {
		if err := p.probe(ctx); err != nil {
			return err
		}
	}
	if p.length <= 0 || p.length > bodyInMemory || req.GetBody == nil || p.expects() {
		return nil
	}
	defer func() {
		p.closeBody()
		p.body = nil
	}()
	p.data = make([]byte, p.length)
	n, err := io.ReadFull(p.body, p.data)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return lengthError(p.length, int64(n))
	}
	if err == nil {
		err = atEnd(p.body, p.length)
	}
	return err
}

// atEnd fails if there is more of a body than was announced.
func atEnd(r io.Reader, length int64) error {
	n, err := io.Copy(io.Discard, r)
	if n > 0 {
		return lengthError(length, length+n)
	}
	return err
}

func lengthError(want, got int64) error {
	return fmt.Errorf("ContentLength is %d and the body has %d bytes", want, got)
}

// expects reports whether the body waits for the server's word.
func (p *trip) expects() bool {
	return p.length != 0 && httpguts.HeaderValuesContainsToken(p.req.Header["Expect"], "100-continue")
}

// write makes of the request what is sent.
func (p *trip) write(h *hop, out *outgoing) error {
	req, o := p.req, &h.client.options
	host := req.Host
	if host == "" {
		host = req.URL.Host
	}
	host, err := httpguts.PunycodeHostPort(host)
	if err != nil {
		return err
	}
	out.method, out.target, out.host = h.method, h.url.RequestURI(), withoutZone(host)
	if h.method == "CONNECT" && h.url.Path == "" {
		out.target = out.host
		if h.url.Opaque != "" {
			out.target = h.url.Opaque
		}
	}
	out.makeHeader(len(p.req.Header))
	p.writeHeader(o, &out.header)
	return p.writeBody(out)
}

// writeHeader adds the fields: the request's in the order of their names, and those that it leaves to the transport.
func (p *trip) writeHeader(o *Options, header *httputil.Header) {
	req := p.req
	if _, ok := req.Header["User-Agent"]; !ok && o.UserAgent != "-" {
		header.Append("User-Agent", o.UserAgent)
	} else if agent := req.Header.Get("User-Agent"); agent != "" { // empty: none is sent
		header.Append("User-Agent", textproto.TrimString(agent))
	}
	if names := slices.Sorted(maps.Keys(req.Trailer)); p.length < 0 && len(names) > 0 {
		for i, name := range names {
			names[i] = http.CanonicalHeaderKey(name)
		}
		header.Append("Trailer", strings.Join(names, ","))
	}
	for _, name := range slices.Sorted(maps.Keys(req.Header)) {
		if framingField(http.CanonicalHeaderKey(name)) || name == "User-Agent" || name == "Trailer" {
			continue
		}
		for _, v := range req.Header[name] {
			header.Append(name, textproto.TrimString(v))
		}
	}
	if (req.Close || o.IdleTimeout == 0 && !header.Has("Connection")) && !header.HasToken("Connection", "close") {
		header.Append("Connection", "close")
	}
	if p.gzip = !o.NoDecompress && p.method() != "HEAD" && !header.Has("Accept-Encoding") && !header.Has("Range"); p.gzip {
		header.Append("Accept-Encoding", "gzip")
	}
}

var errRewind = errors.New("the body was read already, and there is no GetBody")

// writeBody says where the body comes from. That of another try comes from GetBody if the present one was
// read.
func (p *trip) writeBody(out *outgoing) error {
	out.length, out.body = p.length, p.data
	out.trip = p
	p.mu.Lock()
	defer p.mu.Unlock()
	p.try++
	if p.body == nil {
		return nil
	}
	if p.claimed {
		if p.req.GetBody == nil {
			return errRewind
		}
		body, err := p.req.GetBody()
		if err != nil {
			return err
		}
		p.body, p.claimed, p.closed = body, false, false
	}
	try := p.try
	out.source = func(ctx context.Context, w io.Writer) error { return p.send(ctx, w, out, try) }
	out.expect = p.expects()
	return nil
}

// again reports whether there is a body for another try, and takes it away from the present one.
func (p *trip) again() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.claimed && p.req.GetBody == nil {
		return false
	}
	p.try++
	return true
}

// claim returns the body to read for a try, nil if there is another one by now.
func (p *trip) claim(try int) io.ReadCloser {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.try != try || p.closed {
		return nil
	}
	p.claimed = true
	return p.body
}

// send is the source of a body that is not in memory. The body is closed when the exchange is over, also to
// end a Read that waits.
func (p *trip) send(ctx context.Context, w io.Writer, out *outgoing, try int) error {
	body := p.claim(try)
	if body == nil {
		return errOver
	}
	shut := sync.OnceValue(func() error {
		p.mu.Lock()
		if p.try == try {
			p.closed = true
		}
		p.mu.Unlock()
		return body.Close()
	})
	defer context.AfterFunc(ctx, func() { shut() })()
	if err := copyBody(w, body, out.length); err != nil {
		shut()
		return err
	}
	if out.length < 0 {
		p.trailer = makeTrailer(p.req.Trailer)
	}
	return shut()
}

// makeTrailer returns the fields of a trailer as they are when the body has been read.
func makeTrailer(from http.Header) *httputil.Header {
	if len(from) == 0 {
		return nil
	}
	trailer := new(httputil.Header)
	for _, name := range slices.Sorted(maps.Keys(from)) {
		for _, v := range from[name] {
			trailer.Add(name, textproto.TrimString(v)) // check has seen the names; a bad value is left out
		}
	}
	return trailer
}

// copyBody sends a body of this length, or of any if that is negative.
func copyBody(w io.Writer, body io.Reader, length int64) error {
	from := struct{ io.Reader }{body}
	if length >= 0 {
		from.Reader = io.LimitReader(body, length)
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{w}, from, make([]byte, 32<<10))
	switch {
	case err != nil || length < 0:
		return err
	case n < length:
		return lengthError(length, n)
	}
	return atEnd(body, length)
}

// closeBody closes the present body once, if nobody does that already.
func (p *trip) closeBody() {
	p.mu.Lock()
	body := p.body
	if p.closed || p.claimed || body == nil {
		body = nil
	}
	p.closed = true
	p.mu.Unlock()
	if body != nil {
		body.Close()
	}
}

// withoutZone removes the zone from an IPv6 address, which means nothing to a server (RFC 6874 §4).
func withoutZone(host string) string {
	if end := strings.LastIndexByte(host, ']'); strings.HasPrefix(host, "[") && end > 0 {
		if zone := strings.LastIndexByte(host[:end], '%'); zone >= 0 {
			return host[:zone] + host[end:]
		}
	}
	return host
}
