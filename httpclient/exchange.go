package httpclient

import (
	"context"
	"io"
	"sync"
	"time"

	"eddy/http1"
	"eddy/httputil"
	"eddy/loop"
)

// exchange is one request and the response to it on one connection. The connection, on its loop, puts
// into it what comes, and who fetches, in a coroutine or any goroutine, takes it out. mu guards
// what both touch.
type exchange struct {
	conn *conn
	out  outgoing
	// due is when it has to be over, zero for no limit; idle is how long the server may be silent.
	due    time.Time
	total  time.Duration // the limit that made due, for the error
	idle   time.Duration
	most   int64              // bytes of the body as it is sent; negative: no limit
	got    int64              // of those, what has come
	given  int64              // bytes of the request's body that its source has given
	whole  bool               // nobody wants anything before the end
	follow bool               // a redirect is followed, and its body is of no interest
	toHead bool               // due is for the head only
	free   func()             // gives back the exchange's place among all
	stop   context.CancelFunc // ends the source of the body, if there is one
	trace  *tracer            // nil: nobody wants to know

	mu      sync.Mutex
	waiter  loop.Waiter
	waiting bool
	want    want
	early   *http1.ResponseHead // an interim head that the caller is to be told of
	resp    *Response           // nil before the final head
	first   time.Time           // when the first byte came
	body    []byte              // came and was not taken
	stopped bool                // the connection reads no more, because body is full
	tunnel  bool                // the connection is not HTTP's any more
	discard bool                // body is dropped as it comes
	sender  *loop.Waiter        // waits for the server to ask for the body
	asked   bool                // it has
	err     error               // why nothing follows body: io.EOF at its end
	touched bool                // a byte of the response has come
}

// want is what a reader waits for.
type want uint8

const (
	wantHead want = iota
	wantData
	wantEnd
)

// bodyMost is how much of a body waits for who reads it before the connection reads no more.
const bodyMost = 64 << 10

// there reports whether the reader has what it wants. The caller holds mu.
func (x *exchange) there(w want) bool {
	switch {
	case x.err != nil || x.early != nil:
		return true
	case w == wantHead || x.discard:
		return x.resp != nil
	case w == wantData:
		return len(x.body) > 0
	}
	return false
}

// await returns when there is what is wanted, or with ctx's error.
func (x *exchange) await(ctx context.Context, w want) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	for !x.there(w) {
		x.waiter = loop.Waiter{}
		x.waiter.Init(ctx)
		x.want, x.waiting = w, true
		x.mu.Unlock()
		err := x.waiter.Wait(ctx)
		x.mu.Lock()
		x.waiting = false
		if err != nil && !x.there(w) {
			return err
		}
	}
	return nil
}

// tell wakes the reader if there is what it wants. The caller holds mu.
func (x *exchange) tell() {
	if x.waiting && x.there(x.want) {
		x.waiting = false
		x.waiter.Wake()
	}
}

// head waits for the final head. An error that comes with it is met by who reads the body.
func (x *exchange) head(ctx context.Context) (*Response, error) {
	if err := x.await(ctx, wantHead); err != nil {
		return nil, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.resp == nil {
		return nil, x.err
	}
	return x.resp, nil
}

// end waits for the end of the response, and returns the body.
func (x *exchange) end(ctx context.Context) ([]byte, error) {
	if err := x.await(ctx, wantEnd); err != nil {
		return nil, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.err != io.EOF {
		return nil, x.err
	}
	return x.body, nil
}

// read takes what has come of the body, waiting for the first byte of it.
func (x *exchange) read(ctx context.Context, p []byte) (int, error) {
	if err := x.await(ctx, wantData); err != nil {
		return 0, err
	}
	x.mu.Lock()
	n := copy(p, x.body)
	x.body = x.body[n:]
	again := x.stopped && len(x.body) == 0
	if n == 0 {
		defer x.mu.Unlock()
		return 0, x.err
	}
	if again {
		x.stopped = false
	}
	x.mu.Unlock()
	if again {
		x.conn.onLoop(ctx, x.conn.goOn)
	}
	return n, nil
}

// over ends the response with err, and io.EOF is its good end. Only the first one counts.
func (x *exchange) over(err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.err != nil {
		return
	}
	x.err = err
	x.answered()
	if x.stop != nil {
		x.stop()
	}
	if x.free != nil {
		x.free()
		x.free = nil
	}
	x.tell()
}

// outgoing is a request as it goes over the wire.
type outgoing struct {
	method string
	target string
	host   string
	header httputil.Header
	body   []byte
	source source // in place of body, if not nil
	length int64  // of the body; -1: not known
	expect bool
	// trailer is sent behind a body of unknown length, if it is not nil. source may set it.
	trailer *httputil.Header
	// again reports whether there is a body for another try, and that the present one takes no more of
	// it. nil: Repeated requests have body, and none have source.
	again      func() bool
	idempotent bool // whatever the method is

	fields [10]httputil.Field // where header keeps the usual few
}

// source is a body that is produced while it is sent.
type source func(ctx context.Context, w io.Writer) error
