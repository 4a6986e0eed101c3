package http1_test

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
	"testing"

	"eddy/http1"
	"eddy/httputil"
)

// The cases of this package are bytes and the log of what a reader made of them. replay
// holds the log against that of the same bytes in any two pieces, and byte by byte.

var defaults = http1.Limits{}.WithDefaults()

// wire is the reader's side of a connection: the bytes that have come and were not used.
type wire struct {
	t      testing.TB
	unread []byte
	pieces [][]byte
}

func (w *wire) more() bool {
	if len(w.pieces) == 0 {
		return false
	}
	// A fresh array each time: strings that are not copies would show.
	w.unread = append([]byte(nil), append(w.unread, w.pieces[0]...)...)
	w.pieces = w.pieces[1:]
	return true
}

func (w *wire) use(n int) {
	if n < 0 || n > len(w.unread) {
		w.t.Fatalf("the reader used %d of %d bytes", n, len(w.unread))
	}
	w.unread = w.unread[n:]
}

// head waits for a head. It returns "" if there is none to come.
func (w *wire) head(find func([]byte, *http1.Limits) (int, error), lim *http1.Limits) (string, error) {
	for {
		n, err := find(w.unread, lim)
		if err != nil {
			return "", err
		}
		if n > 0 {
			head := string(w.unread[:n])
			w.use(n)
			return head, nil
		}
		if !w.more() {
			return "", nil
		}
	}
}

type bodyReader func([]byte, int, *http1.Limits, *httputil.Header) ([]byte, int, bool, error)

// body reads a body to its end, or as far as it goes.
func (w *wire) body(read bodyReader, lim *http1.Limits, trailer *httputil.Header) (body string, done bool, err error) {
	for {
		data, n, done, err := read(w.unread, math.MaxInt, lim, trailer)
		if err != nil {
			return body, false, err
		}
		if len(data) > n || n < len(w.unread) && n > 0 && len(data) > 0 && cap(data) != len(data) {
			w.t.Fatalf("%d bytes of data from %d used, capacity %d", len(data), n, cap(data))
		}
		body += string(data)
		w.use(n)
		if done {
			return body, true, nil
		}
		if n == 0 && !w.more() {
			return body, false, nil
		}
	}
}

// requests is the log of all requests on a connection. It ends with "wait" if the server
// could go on, "close" if no request may follow, or the status of the refusal.
func requests(t testing.TB, lim *http1.Limits, pieces ...[]byte) string {
	w := &wire{t: t, pieces: pieces}
	var r http1.RequestReader
	var log strings.Builder
	for {
		head, err := w.head(r.FindHead, lim)
		var req httputil.Request
		if err == nil && head == "" {
			return log.String() + "wait"
		}
		if err == nil {
			err = r.ParseHead(head, lim, &req)
		}
		if err != nil {
			again(t, err, r.FindHead, r.ReadBody)
			if r.KeepAlive() || r.BodyDone() {
				t.Fatalf("after %v: KeepAlive %v, BodyDone %v", err, r.KeepAlive(), r.BodyDone())
			}
			return log.String() + refusal(t, err)
		}
		if r.Fresh() {
			t.Fatal("a step that is not in the table")
		}
		fmt.Fprintf(&log, "%s %s|%s %s host=%s", req.Method, req.Path, req.Query, req.Version, req.Host)
		if r.ExpectContinue() {
			log.WriteString(" expect")
		}
		if r.ExpectUnknown() {
			log.WriteString(" unknown")
		}
		if !logBody(&log, w, r.ReadBody, r.FindHead, lim, req.ContentLength) {
			return log.String()
		}
		if !r.BodyDone() || r.Fresh() {
			t.Fatal("done, but BodyDone is false")
		}
		if !r.KeepAlive() {
			if _, err := r.FindHead(w.unread, lim); err == nil {
				t.Fatal("a head behind the last request")
			}
			return log.String() + "close"
		}
	}
}

// responses is the log of the responses to requests with these methods, then of an EOF.
func responses(t testing.TB, lim *http1.Limits, methods []string, pieces ...[]byte) string {
	w := &wire{t: t, pieces: pieces}
	var r http1.ResponseReader
	var log strings.Builder
	for _, method := range methods {
		if err := r.Start(method); err != nil {
			t.Fatal(err)
		}
		var resp http1.ResponseHead
		for interim := true; interim; interim = resp.Interim() {
			head, err := w.head(r.FindHead, lim)
			if err == nil && head == "" {
				return log.String() + eof(t, &r)
			}
			resp = http1.ResponseHead{}
			if err == nil {
				err = r.ParseHead(head, lim, &resp)
			}
			if err != nil {
				again(t, err, r.FindHead, r.ReadBody)
				if same := r.EOF(); same == nil || same.Error() != err.Error() || r.Start("GET") == nil {
					t.Fatalf("EOF after %v: %v", err, same)
				}
				return log.String() + refusal(t, err)
			}
			if r.Fresh() {
				t.Fatal("a step that is not in the table")
			}
			fmt.Fprintf(&log, "%d %q %s", resp.Status, resp.Reason, resp.Version)
			if resp.Interim() {
				log.WriteString("; ")
			}
			logFolded(&log, head, &resp.Header)
		}
		if !logBody(&log, w, r.ReadBody, r.FindHead, lim, resp.ContentLength) {
			if before, waiting := strings.CutSuffix(log.String(), "wait"); waiting {
				return before + eof(t, &r)
			}
			return log.String()
		}
		if r.Fresh() {
			t.Fatal("a step that is not in the table")
		}
		switch {
		case r.Tunnel() && r.KeepAlive():
			t.Fatal("a tunnel keeps the connection for HTTP")
		case r.Tunnel():
			return log.String() + "tunnel"
		case !r.KeepAlive():
			if r.Start("GET") == nil {
				t.Fatal("a response behind the last one")
			}
			return log.String() + "close"
		}
	}
	return log.String() + "keep"
}

// logFolded writes the fields of a header that has a folded line.
func logFolded(log *strings.Builder, head string, h *httputil.Header) {
	if !strings.Contains(head, "\r\n ") {
		return
	}
	for _, f := range h.Fields() {
		fmt.Fprintf(log, " {%s: %s}", f.Name, f.Value)
	}
}

func eof(t testing.TB, r *http1.ResponseReader) string {
	if err := r.EOF(); err != nil {
		again(t, err, r.FindHead, r.ReadBody)
		refusal(t, err)
		return "truncated"
	}
	if r.Fresh() || r.Start("GET") == nil {
		t.Fatal("the connection goes on behind its end")
	}
	if !r.BodyDone() || r.KeepAlive() {
		t.Fatalf("EOF completed the message: BodyDone %v, KeepAlive %v", r.BodyDone(), r.KeepAlive())
	}
	return "eof"
}

// logBody reports whether the message came to its end.
func logBody(log *strings.Builder, w *wire, read bodyReader, find headFinder, lim *http1.Limits, length int64) bool {
	var trailer httputil.Header
	body, done, err := w.body(read, lim, &trailer)
	fmt.Fprintf(log, " len=%d %q", length, body)
	for _, f := range trailer.Fields() {
		fmt.Fprintf(log, " [%s: %s]", f.Name, f.Value)
	}
	log.WriteString("; ")
	if err != nil {
		again(w.t, err, find, read)
		log.WriteString(refusal(w.t, err))
	} else if !done {
		log.WriteString("wait")
	}
	return done
}

type headFinder func([]byte, *http1.Limits) (int, error)

// again checks that a reader which refused its peer does so ever after.
func again(t testing.TB, err error, find headFinder, read bodyReader) {
	if _, same := find([]byte(helloHead), &defaults); same == nil || same.Error() != err.Error() {
		t.Fatalf("FindHead after %v: %v", err, same)
	}
	if _, _, _, same := read([]byte("0\r\n\r\n"), math.MaxInt, &defaults, nil); same == nil || same.Error() != err.Error() {
		t.Fatalf("ReadBody after %v: %v", err, same)
	}
}

func refusal(t testing.TB, err error) string {
	var fault *http1.Error
	if !errors.As(err, &fault) || fault.Side != http1.Remote {
		t.Fatalf("%v is no fault of the peer", err)
	}
	sawFault(fault)
	return fmt.Sprint(fault.Status)
}

// sawFault is told of every fault that a case meets.
var sawFault = func(*http1.Error) {}

// splits yields data as a whole, in two at every place, and byte by byte.
func splits(data []byte) iter.Seq[[][]byte] {
	return func(yield func([][]byte) bool) {
		if !yield([][]byte{data}) {
			return
		}
		for i := 1; i < len(data); i++ {
			if !yield([][]byte{data[:i], data[i:]}) {
				return
			}
		}
		yield(bytewise(data))
	}
}

func bytewise(data []byte) (pieces [][]byte) {
	for i := range data {
		pieces = append(pieces, data[i:i+1])
	}
	return pieces
}

// replay checks that send gives want, however it is split.
func replay(t *testing.T, send, want string, read func(pieces ...[]byte) string) {
	t.Helper()
	for pieces := range splits([]byte(send)) {
		if got := read(pieces...); got != want {
			t.Fatalf("%q in %d pieces, the first of %d bytes:\n got %s\nwant %s", send, len(pieces), len(pieces[0]), got, want)
		}
	}
}
