package httpclient

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"eddy/httputil"
	"eddy/internal/coding"
)

// response makes of a head what net/http has for it.
func (p *trip) response(ctx context.Context, f *fetch, r *Response, x *exchange) (*http.Response, error) {
	resp := &http.Response{
		Status:        strings.TrimRight(strconv.Itoa(r.Status)+" "+r.Reason, " "),
		StatusCode:    r.Status,
		Proto:         r.Version,
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        httpHeader(&r.Header),
		ContentLength: r.ContentLength,
		Request:       p.req,
		TLS:           x.secured,
		Body:          http.NoBody,
	}
	switch r.Version {
	case httputil.HTTP10:
		resp.ProtoMinor = 0
	case httputil.HTTP20:
		resp.ProtoMajor, resp.ProtoMinor = 2, 0
	}
	x.mu.Lock()
	tunnel := x.tunnel
	x.mu.Unlock()
	if tunnel {
		p.closeBody()
		s, err := x.takeStream(ctx)
		if err != nil {
			return nil, err
		}
		resp.Body = &upgraded{stream: s, ctx: context.WithoutCancel(ctx)}
		return resp, nil
	}
	p.frame(resp, r)
	if resp.ContentLength == 0 || p.method() == "HEAD" {
		x.await(ctx, wantEnd) // which is there: then the connection can be used by the next request
		p.closeBody()         // of the request: nobody waits for more
		return resp, nil
	}
	b := &tripBody{ctx: ctx, f: f, x: x, p: p, resp: resp, from: r, cancel: func(error) {}}
	if ctx.Done() != nil {
		b.stop = context.AfterFunc(ctx, func() { x.abandon(context.Background(), context.Cause(ctx)) })
	}
	resp.Body = b
	return resp, nil
}

// frame takes out of the header what net/http has in fields of their own.
func (p *trip) frame(resp *http.Response, r *Response) {
	if equal := resp.Header["Content-Length"]; len(equal) > 1 {
		resp.Header["Content-Length"] = equal[:1]
	}
	if resp.StatusCode == 204 || resp.StatusCode == 304 {
		resp.ContentLength = 0
	}
	if resp.ProtoMajor == 2 {
		p.announce(resp)
		return
	}
	if resp.Header["Transfer-Encoding"] != nil {
		resp.TransferEncoding = []string{"chunked"}
		delete(resp.Header, "Transfer-Encoding")
		p.announce(resp)
	}
	untilClose := resp.ContentLength < 0 && resp.TransferEncoding == nil && p.method() != "HEAD"
	keep := resp.ProtoMinor == 1 || r.Header.HasToken("Connection", "keep-alive")
	last := r.Header.HasToken("Connection", "close")
	if resp.Close = untilClose || !keep || last; last && resp.ProtoMinor == 1 {
		delete(resp.Header, "Connection")
	}
}

// announce makes of the Trailer field the names of a trailer to come.
func (p *trip) announce(resp *http.Response) {
	for _, list := range resp.Header["Trailer"] {
		for name := range strings.SplitSeq(list, ",") {
			if name = http.CanonicalHeaderKey(strings.TrimSpace(name)); name == "" || framingField(name) || name == "Trailer" {
				continue
			}
			if resp.Trailer == nil {
				resp.Trailer = make(http.Header)
			}
			resp.Trailer[name] = nil
		}
	}
	delete(resp.Header, "Trailer")
}

// decoded undoes the coding that the transport, and not its user, has asked for.
func (p *trip) decoded(resp *http.Response) *http.Response {
	b, ok := resp.Body.(*tripBody)
	if !ok || !p.gzip || !strings.EqualFold(resp.Header.Get("Content-Encoding"), "gzip") {
		return resp
	}
	if r, ok := b.f.client.codings.NewReader(b, "gzip", coding.Options{Limit: -1}); ok {
		resp.Header.Del("Content-Encoding")
		resp.Header.Del("Content-Length")
		resp.ContentLength, resp.Uncompressed = -1, true
		resp.Body = &unzipped{r, b}
	}
	return resp
}

// unzipped is a body whose coding is undone.
type unzipped struct {
	*coding.Reader
	body *tripBody
}

// Read implements io.Reader.
func (u *unzipped) Read(p []byte) (int, error) {
	n, err := u.Reader.Read(p)
	if err != nil {
		err = u.body.fault(err)
	}
	return n, err
}

// httpHeader returns a header as net/http has it.
func httpHeader(h *httputil.Header) http.Header {
	fields := h.Fields()
	out := make(http.Header, len(fields))
	values := make([]string, len(fields)) // the first values of all names
	for i := range fields {
		name := http.CanonicalHeaderKey(fields[i].Name)
		if out[name] == nil {
			values[i] = fields[i].Value
			out[name] = values[i : i+1 : i+1]
		} else {
			out[name] = append(out[name], fields[i].Value)
		}
	}
	return out
}

// tripBody is the body of a response. Close may be called beside a Read, and ends it.
type tripBody struct {
	ctx    context.Context
	f      *fetch
	x      *exchange
	p      *trip
	resp   *http.Response
	from   *Response
	stop   func() bool // of the watch over ctx; nil: it cannot end
	cancel context.CancelCauseFunc

	mu  sync.Mutex
	err error // what every further Read returns
}

// Read implements io.Reader.
func (b *tripBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	err := b.err
	b.mu.Unlock()
	if err != nil || len(p) == 0 {
		return 0, err
	}
	if b.ctx.Err() != nil {
		return 0, b.end(context.Cause(b.ctx))
	}
	n, err := b.x.read(b.ctx, p)
	if err != nil {
		return n, b.end(err)
	}
	return n, nil
}

// fault returns what the reader of the decoded body sees of an error: the body's own if it has come to one.
func (b *tripBody) fault(err error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.err != nil && b.err != io.EOF:
		return b.err
	case err == io.EOF:
		return err
	}
	return b.f.failed(&phaseError{PhaseBody, decodeError(err)})
}

// Close implements io.Closer. The connection is used again if all of the body has come.
func (b *tripBody) Close() error {
	b.end(http.ErrBodyReadAfterClose)
	return nil
}

// end notes why there is no more to read, once, and returns it.
func (b *tripBody) end(err error) error {
	b.mu.Lock()
	if b.err != nil {
		defer b.mu.Unlock()
		if err == http.ErrBodyReadAfterClose {
			b.err = err
		}
		return b.err
	}
	cause := err
	switch {
	case err == io.EOF:
		b.trailer()
	case err == http.ErrBodyReadAfterClose:
	case b.ctx.Err() != nil:
		err = context.Cause(b.ctx)
	default:
		err = b.f.failed(&phaseError{PhaseBody, err})
	}
	b.err = err
	b.mu.Unlock()
	if b.stop != nil {
		b.stop()
	}
	if cause != io.EOF {
		b.x.abandon(b.ctx, cause)
	}
	b.p.closeBody()
	b.cancel(nil)
	return err
}

// trailer fills in the trailer that has come behind the body.
func (b *tripBody) trailer() {
	b.x.mu.Lock()
	defer b.x.mu.Unlock()
	if b.from.Trailer.Len() == 0 {
		return
	}
	trailer := httpHeader(&b.from.Trailer)
	if b.resp.Trailer == nil {
		b.resp.Trailer = trailer
		return
	}
	for name, values := range trailer {
		b.resp.Trailer[name] = values
	}
}
