package httpclient

import (
	"context"
	"io"
	"strings"

	"eddy/async"
	"eddy/httputil"
)

// write makes of the hop what is sent. What the request says itself is not replaced.
func (h *hop) write(out *outgoing) error {
	if h.trip != nil {
		return h.trip.write(h, out)
	}
	r, o := h.req, &h.client.options
	out.method, out.host = h.method, unzoned(h.url.Host)
	if out.target = h.url.RequestURI(); h.forwarded() {
		out.target = h.url.Scheme + "://" + out.host + out.target
	}
	out.makeHeader(h.header.Len())
	for _, f := range h.header.Fields() {
		if h.forwarded() || !strings.EqualFold(f.Name, "Proxy-Authorization") { // no origin learns it
			out.header.Append(f.Name, f.Value)
		}
	}
	if host := h.header.Get("Host"); host != "" {
		out.host = host
	}
	add := func(name, value string) {
		if value != "" && !out.header.Has(name) {
			out.header.Append(name, value)
		}
	}
	if agent := r.UserAgent; agent != "" {
		add("User-Agent", agent)
	} else if agent = o.UserAgent; agent != "-" {
		add("User-Agent", agent)
	}
	h.asked = !r.NoDecompress && !o.NoDecompress && !out.header.Has("Accept-Encoding") && !out.header.Has("Range")
	if h.asked {
		out.header.Append("Accept-Encoding", h.client.accepted)
	}
	if o.IdleTimeout == 0 {
		add("Connection", "close") // the server need not wait for another request (RFC 9112 §9.6)
	}
	if !r.IfModifiedSince.IsZero() {
		add("If-Modified-Since", httputil.FormatDate(r.IfModifiedSince))
	}
	if err := h.addCookies(&out.header); err != nil {
		return err
	}
	if h.body {
		h.writeBody(out)
	}
	if out.length != 0 && h.method == "POST" {
		add("Content-Type", "application/x-www-form-urlencoded")
	}
	return h.authorize(out)
}

// unzoned returns a host without the zone of its address, which means nothing elsewhere (RFC 6874 §1).
func unzoned(host string) string {
	if zone := strings.IndexByte(host, '%'); zone >= 0 {
		return host[:zone] + host[strings.IndexByte(host, ']'):]
	}
	return host
}

// writeBody says where the body comes from.
func (h *hop) writeBody(out *outgoing) {
	r := h.req
	switch {
	case r.BodyReader != nil:
		out.source = h.oneByOne(fromReader(r.BodyReader, h.offset))
	case r.BodyProducer != nil:
		out.source = h.oneByOne(r.BodyProducer)
	default:
		out.body, out.length = r.Body, int64(len(r.Body))
		return
	}
	out.replay = r.replayable()
	if out.length = r.BodyLength; out.length == 0 {
		out.length = -1
	}
	if out.expect = r.ExpectContinue; out.expect && !out.header.Has("Expect") {
		out.header.Append("Expect", "100-continue")
	}
}

// replayable reports whether the body can be sent a second time.
func (r *Request) replayable() bool {
	if r.BodyReader == nil {
		return true
	}
	_, ok := r.BodyReader.(io.Seeker)
	return ok
}

// oneByOne is a source that does not begin before the one of the last try, which nobody needs any more, has ended: they
// share what they read. Nor does it begin when its exchange is over, and with it perhaps the fetch.
func (f *fetch) oneByOne(s source) source {
	if f.producing == nil {
		f.producing = new(async.Lock)
	}
	return func(ctx context.Context, w io.Writer) error {
		if err := f.producing.Lock(ctx); err != nil {
			return err
		}
		defer f.producing.Unlock()
		if err := ctx.Err(); err != nil {
			return err
		}
		return s(ctx, w)
	}
}

// fromReader is a source that reads, from where r was at first.
func fromReader(r io.Reader, offset int64) source {
	return func(_ context.Context, w io.Writer) error {
		if s, ok := r.(io.Seeker); ok {
			if _, err := s.Seek(offset, io.SeekStart); err != nil {
				return err
			}
		}
		_, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{r}, make([]byte, 32<<10))
		return err
	}
}
