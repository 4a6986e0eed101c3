package http1_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"eddy/http1"
	"eddy/httputil"
	"eddy/internal/smuggling"
)

// reading is what a parser makes of the first request in some bytes.
type reading struct {
	method, target, host string
	length               int64
	body                 string
	rest                 int   // bytes behind the request
	more                 bool  // the request goes on beyond the bytes
	err                  error // it is refused
}

func (r *reading) accepted() bool { return r.err == nil && !r.more }

// ourReading is this package's.
func ourReading(t testing.TB, data []byte) (got reading) {
	var r http1.RequestReader
	n, err := r.FindHead(data, &defaults)
	if err != nil || n == 0 {
		return reading{err: err, more: err == nil}
	}
	var req httputil.Request
	if err := r.ParseHead(string(data[:n]), &defaults, &req); err != nil {
		return reading{err: err}
	}
	w := &wire{t: t, unread: data[n:]}
	body, done, err := w.body(r.ReadBody, &defaults, &req.Trailer)
	if r.Fresh() {
		t.Error("a step that is not in the table")
	}
	return reading{req.Method, req.URI, req.Host, req.ContentLength, body, len(w.unread), err == nil && !done, err}
}

// theirReading is net/http's.
func theirReading(data []byte) reading {
	src := bytes.NewReader(data)
	r := bufio.NewReader(src)
	req, err := http.ReadRequest(r)
	var body []byte
	if err == nil {
		body, err = io.ReadAll(req.Body)
	}
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return reading{more: true}
	}
	if err != nil {
		return reading{err: err}
	}
	return reading{req.Method, req.RequestURI, req.Host, req.ContentLength, string(body), r.Buffered() + src.Len(), false, nil}
}

// difference is a kind of requests that one parser takes and the other refuses, on purpose.
type difference struct {
	name string // what is in the request
	why  string
	seed string
	is   func(data []byte, err error) bool // err is the refusal
}

// says makes a difference of our refusals for one of some reasons, if the request has what
// they say.
func says(has func(data []byte) bool, reasons ...string) func([]byte, error) bool {
	return func(data []byte, err error) bool {
		var fault *http1.Error
		if !errors.As(err, &fault) {
			return false
		}
		for _, reason := range reasons {
			if fault.Reason == reason {
				return has(data)
			}
		}
		return false
	}
}

// refusedByUs are differences that net/http takes. Its server looks at some of them later.
var refusedByUs = []difference{
	{"a line that ends in LF", "parsers that want CRLF see other lines",
		"GET / HTTP/1.1\nHost: a\n\n", says(hasBareLF, "a line ends in LF without CR")},
	{"a folded line", "RFC 9112 §5.2 lets a server choose",
		"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", says(hasFold, "a header line starts with whitespace",
			"malformed Content-Length", "a Transfer-Encoding that does not end in chunked")},
	{"a space in a name", "it is no token",
		"GET / HTTP/1.1\r\nHost: a\r\nX y: z\r\n\r\n", says(hasSpaceInName, "whitespace before the colon of a header field")},
	{"another major version", "net/http's server looks at it later",
		"GET / HTTP/3.0\r\nHost: a\r\n\r\n", says(contains(" http/"), "unsupported HTTP version")},
	{"CONNECT without host and port", "net/http leaves it to its caller",
		"CONNECT /a HTTP/1.1\r\nHost: a\r\n\r\n", says(contains("connect "), "malformed request target", "malformed authority in the request target")},
	{"a target beyond visible ASCII", "RFC 3986 has none",
		"GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n", says(hasHighByte, "malformed request target")},
	{"a scheme that is not ours", "this is no server for it",
		"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", says(contains(":"), "malformed request target")},
	{"an authority of the target that is none", "a host cannot be told from it",
		"GET http://a,b/ HTTP/1.1\r\nHost: a\r\n\r\n", says(anything, "malformed authority in the request target")},
	{"* with another method", "RFC 9112 §3.2.4",
		"GET * HTTP/1.1\r\nHost: a\r\n\r\n", says(contains(" * http/"), "the target * does not go with this method")},
	{"no Host", "net/http's server looks at it later",
		"GET / HTTP/1.1\r\n\r\n", says(anything, "no Host field")},
	{"a malformed Host", "net/http's server looks at some of it later",
		"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", says(contains("host"), "malformed Host field")},
	{"two equal lengths", "RFC 9112 §6.3 lets a recipient choose",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", says(repeats("content-length:"), "more than one Content-Length")},
	{"a length beside a coding", "RFC 9112 §6.3 lets a server choose",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", says(contains("chunked"), "both Transfer-Encoding and Content-Length")},
	{"a coding in HTTP/1.0", "net/http does not look at it",
		"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", says(contains("http/1.0"), "Transfer-Encoding in HTTP/1.0",
			"unsupported Transfer-Encoding", "more than one Transfer-Encoding field", "a Transfer-Encoding that does not end in chunked")},
	{"a framing field with an underscore", "gateways take it for the real one",
		"GET / HTTP/1.1\r\nHost: a\r\nContent_Length: 1\r\n\r\n", says(contains("_"), "the name of a framing field with an underscore")},
	{"space around a chunk size", "bad whitespace",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0 \r\n\r\n", says(hasSpace, "malformed chunk size")},
	{"a malformed chunk extension", "net/http skips them unseen",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0; a\r\n\r\n", says(contains(";"), "malformed chunk extension")},
	{"a framing field in the trailer", "net/http drops it",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: b\r\n\r\n", says(contains("chunked"), "a field that has no place in a trailer")},
	{"a long line with a chunk size", "a limit",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0;" + strings.Repeat("a", 300) + "\r\n\r\n", says(longer(256), "a chunk-size line is too long")},
	{"a long start line", "a limit",
		"GET /" + strings.Repeat("a", 9000) + " HTTP/1.1\r\nHost: a\r\n\r\n", says(longer(8<<10), "the start line is too long")},
	{"a large head", "a limit",
		"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("a", 70000) + "\r\n\r\n", says(longer(64<<10), "the head is too large")},
	{"many fields", "a limit",
		"GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X: a\r\n", 300) + "\r\n", says(longer(256), "too many header fields")},
}

// refusedByThem are differences that this package takes.
var refusedByThem = []difference{
	{"empty lines before", "RFC 9112 §2.2",
		"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", func(data []byte, _ error) bool { return bytes.HasPrefix(data, []byte("\r\n")) }},
	{"a target that is no URL", "escapes are for those who decode them",
		"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", func(_ []byte, err error) bool { var u *url.Error; return errors.As(err, &u) }},
	{"Trailer names a field that may not be there", "the field itself is refused, its name is not",
		"POST / HTTP/1.1\r\nHost: a\r\nTrailer: Content-Length\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		func(_ []byte, err error) bool { return strings.Contains(err.Error(), "bad trailer key") }},
}

func contains(s string) func([]byte) bool {
	return func(data []byte) bool { return bytes.Contains(bytes.ToLower(data), []byte(s)) }
}

func repeats(s string) func([]byte) bool {
	return func(data []byte) bool { return bytes.Count(bytes.ToLower(data), []byte(s)) > 1 }
}

func longer(n int) func([]byte) bool { return func(data []byte) bool { return len(data) > n } }

func anything([]byte) bool { return true }

func hasSpace(data []byte) bool { return bytes.ContainsAny(data, " \t") }
func hasHighByte(data []byte) bool {
	return bytes.ContainsFunc(data, func(r rune) bool { return r > '~' })
}
func hasFold(data []byte) bool        { return contains("\n ")(data) || contains("\n\t")(data) }
func hasSpaceInName(data []byte) bool { return hasSpace(data) }

func hasBareLF(data []byte) bool {
	return bytes.Count(data, []byte("\n")) > bytes.Count(data, []byte("\r\n"))
}

// classify finds the difference that a request has.
func classify(data []byte, among []difference, err error) *difference {
	for i := range among {
		if among[i].is(data, err) {
			return &among[i]
		}
	}
	return nil
}

// compare holds both readings of the same bytes against each other, and returns the
// difference between them, if they have one that is intended.
func compare(t *testing.T, data []byte) *difference {
	ours, theirs := ourReading(t, data), theirReading(data)
	var d *difference
	switch {
	case ours.accepted() && theirs.accepted():
		sameReading(t, data, &ours, &theirs)
		return nil
	case theirs.accepted() && ours.err != nil:
		d = classify(data, refusedByUs, ours.err)
	case ours.accepted() && theirs.err != nil:
		d = classify(data, refusedByThem, theirs.err)
	case theirs.accepted() || ours.accepted():
		t.Errorf("%q is complete for one only: ours %+v, theirs %+v", data, ours, theirs)
		return nil
	default:
		return nil // neither takes it: who says so first does not matter
	}
	if d == nil {
		t.Errorf("%q: a difference that is not intended: ours %+v, theirs %+v", data, ours, theirs)
	}
	return d
}

func sameReading(t *testing.T, data []byte, ours, theirs *reading) {
	if strings.Contains(ours.target, "@") {
		ours.host = theirs.host // they let user information stand in it
	}
	if *ours != *theirs {
		t.Errorf("%q is understood differently:\nours   %+v\ntheirs %+v", data, *ours, *theirs)
	}
}

// FuzzAgainstNetHTTP looks for requests that this package and net/http understand
// differently: what a smuggler needs. What one of them refuses has to be in a list.
func FuzzAgainstNetHTTP(f *testing.F) {
	for _, s := range []string{
		helloHead, browserHead, post("Content-Length: 3", "abc"), chunked("3;a=\"b\"\r\nabc\r\n0\r\nA: b\r\n\r\n") + get(),
		"GET http://a/p?q HTTP/1.0\r\nHost: b\r\n\r\n", "CONNECT a:1 HTTP/1.1\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	for _, list := range [][]difference{refusedByUs, refusedByThem} {
		for _, d := range list {
			if len(d.seed) < 1000 { // longer ones take the fuzzer's time
				f.Add([]byte(d.seed))
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) { compare(t, data) })
}

// TestDifferences_EachHasASeed wants every entry of the lists to be met.
func TestDifferences_EachHasASeed(t *testing.T) {
	for _, list := range [][]difference{refusedByUs, refusedByThem} {
		for i := range list {
			want := &list[i]
			got := compare(t, []byte(want.seed))
			if got == nil {
				t.Errorf("%s: no difference", want.name)
			} else if got != want {
				t.Errorf("%s: found as %s", want.name, got.name)
			}
			if want.why == "" {
				t.Errorf("%s: for no reason", want.name)
			}
		}
	}
}

// TestDifferences_InTheCases compares what both make of every case and of every trick.
func TestDifferences_InTheCases(t *testing.T) {
	taken := 0
	try := func(send string) {
		compare(t, []byte(send))
		if reading := ourReading(t, []byte(send)); reading.accepted() {
			taken++
		}
	}
	for _, list := range [][]wireCase{acceptedRequests, refusedRequests, requestsAtLimits} {
		for _, c := range list {
			try(c.send)
		}
	}
	for _, c := range refusedBodies {
		try(c.wire().send)
	}
	for _, c := range smuggling.Cases() {
		try(c.Send)
	}
	if taken < 100 {
		t.Errorf("%d requests were taken only", taken)
	}
}
