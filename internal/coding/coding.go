// Package coding undoes the codings that a body was sent in (Content-Encoding, RFC 9110 §8.4): those
// of requests for httpserver, those of responses for httpclient.
//
// It stands on httputil and the compressors, and does nothing by itself: a [Reader] reads from its
// body as it is read from, in the same goroutine or coroutine, and so may park where the body does.
// What comes out is bounded, and so is the memory meanwhile: for each coding some 50 KB if it is
// gzip or deflate, and if it is zstd the window, of which there is at most [MaxWindow], and
// 700 KB. A [Pool] recycles that memory, but never while anybody has it.
package coding

import (
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"eddy/httputil"
)

// MaxCodings bounds the codings of one body, each of which multiplies what it can grow to.
const MaxCodings = 2

// A Decoder is the way back from a coding that this package does not know: it returns what r holds,
// decoded. What it returns reads from r during its own Read alone, and is used by one goroutine at a
// time. If it is an io.Closer it is closed, once, when nobody reads from it any more; its Close
// must not call the Reader. Bytes that it leaves unread behind its end are an error.
type Decoder = func(r io.Reader) (io.Reader, error)

// Options say how a body is decoded.
type Options struct {
	// Limit bounds what comes out; a negative one is none, and zero lets nothing through.
	Limit int64

	// Strict is for requests, whose sender nobody trusts and who need not be pleased: gzip and
	// deflate alone, one coding, deflate in no other format than that of zlib, and no empty
	// body in place of compressed nothing. zstd is not among them, because ten bytes of
	// it make their reader take 8 MiB.
	Strict bool

	// Extra has decoders by the names of their codings, in lower case, as [Accepted] wants them.
	// They go before those of this package. Strict knows none.
	Extra map[string]Decoder
}

// NewReader returns body without the codings of list, which is the value of Content-Encoding (all
// fields joined), with codecs of p. It reads nothing yet. It returns false, and the body has to be
// left as it is, if there is nothing to undo, or a coding that is not known, or more than
// MaxCodings.
func (p *Pool) NewReader(body io.ReadCloser, list string, o Options) (*Reader, bool) {
	if o.Strict {
		format := formatOf(canonical(list))
		if format != gzipFormat && format != zlibFormat {
			return nil, false
		}
		return &Reader{pool: p, format: format, strict: true, limit: o.Limit, from: source{body: body}}, true
	}
	stages, n := o.parse(list)
	if n == 0 {
		return nil, false
	}
	var r *Reader
	for i := n - 1; i >= 0; i-- { // what was applied last is undone first
		r = stages[i]
		r.pool = p
		r.from.body, body = body, r
	}
	return r, true
}

// parse returns a reader for each coding of the list, in its order, and how many there are: none
// if one of them cannot be undone.
func (o *Options) parse(list string) (stages [MaxCodings]*Reader, n int) {
	limit := o.Limit
	for name := range strings.SplitSeq(list, ",") {
		name = canonical(name)
		if name == "" || name == identity {
			continue
		}
		s := &Reader{format: formatOf(name), open: o.Extra[name], limit: limit}
		switch {
		case n == MaxCodings || s.format == unknownFormat && s.open == nil:
			return stages, 0
		case s.open != nil:
			s.format = extraFormat
		case s.format == zlibFormat:
			s.format = deflateFormat
		}
		stages[n] = s
		n++
		limit = widened(limit) // of what comes out of the coding behind it
	}
	return stages, n
}

// identity is the coding that is none.
const identity = "identity"

// canonical returns a name as formatOf knows it, and Options.Extra: case means nothing (RFC 9110
// §8.4.1).
func canonical(name string) string { return strings.ToLower(httputil.TrimOWS(name)) }

// formatOf returns the format of one coding.
func formatOf(name string) format {
	switch name {
	case "gzip", "x-gzip": // RFC 9110 §8.4.1.3
		return gzipFormat
	case "deflate": // which is the format of zlib: RFC 9110 §8.4.1.2
		return zlibFormat
	case "zstd": // RFC 8878 §7.2
		return zstdFormat
	}
	return unknownFormat
}

// Accepted returns the Accept-Encoding of who decodes with these Extra: with "br" that is what
// browsers send. It panics if a name is not that of a coding in lower case.
func Accepted(extra map[string]Decoder) string {
	names := map[string]bool{"zstd": true}
	for name := range extra {
		if !httputil.IsToken(name) || name != strings.ToLower(name) || name == identity || name == "*" {
			panic("coding: " + name + " is not the name of a coding in lower case")
		}
		names[name] = true
	}
	delete(names, "gzip")
	delete(names, "deflate")
	return strings.Join(append([]string{"gzip", "deflate"}, slices.Sorted(maps.Keys(names))...), ", ")
}

// widened returns a limit for the compressed form of n bytes: data that cannot be compressed gets a
// little longer.
func widened(n int64) int64 {
	if n < 0 {
		return n
	}
	return n + min(n/1024+1024, math.MaxInt64-n)
}
