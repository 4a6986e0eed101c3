package httpclient

import (
	"context"
	"crypto/tls"
	"io"
	"sync"
	"time"

	"eddy/httputil"
	"eddy/loop"
)

// exchange is one request and the response to it on one connection. The connection, on its loop, puts
// into it what comes, and who fetches, in a coroutine or any goroutine, takes it out. mu guards
// what both touch.
type exchange struct {
	peer peer
	conn *conn // peer, if that is one
	out  outgoing
	// due is when it has to be over, zero for no limit; idle is how long the server may be silent.
	due    time.Time
	total  time.Duration // the limit that made due, for the error
	idle   time.Duration
	most   int64    // bytes of the body as it is sent; negative: no limit
	got    int64    // of those, what has come
	places *limiter // where the exchange has a place, for its origin; nil: given back
	origin string
	work   *work   // the source of the body; nil: there is none
	trace  *tracer // nil: nobody wants to know
	heads  int32   // bytes of interim heads
	whole  bool    // nobody wants anything before the end
	follow bool    // a redirect is followed, and its body is of no interest
	toHead bool    // due is for the head only

	want    want
	waiting bool
	touched bool // a byte of the response has come
	stopped bool // the connection reads no more, because body is full
	tunnel  bool // the connection is not HTTP's any more
	discard bool // body is dropped as it comes
	asked   bool // the server has asked for the body
	begun   bool // the source of the body was asked
	ceased  bool // nothing more of the body is sent
	mu      sync.Mutex
	waiter  loop.Waiter
	leavers *leaver   // wait for the end, beside the reader
	notice  func()    // is called in place of a wake-up, if not nil
	resp    *Response // nil before the final head
	first   time.Time // when the first byte came
	body    inbox
	trailer httputil.Header
	err     error                // why nothing follows body: io.EOF at its end
	phase   Phase                // where err came in
	secured *tls.ConnectionState // what TLS has agreed on; nil without
}

// peer is the other side of an exchange: a connection, or a stream of HTTP/2.
type peer interface {
	// resume is called when a body that was full has been taken.
	resume(ctx context.Context)
	// abandon ends the exchange for who waits for it. When it returns, nothing touches what the request has given.
	abandon(ctx context.Context, x *exchange, err error)
}

// redirectBody is how much of a redirect's body is read and dropped, so that the connection can be used
// again.
const redirectBody = 64 << 10

// want is what a reader waits for.
type want uint8

const (
	wantHead want = iota
	wantData
	wantEnd // or the head, if the rest is dropped
)

// bodyMost is how much of a body waits for who reads it before the connection reads no more.
const bodyMost = 64 << 10

// there reports whether the reader has what it wants. The caller holds mu.
func (x *exchange) there(w want) bool {
	switch {
	case x.err != nil || x.trace != nil && x.trace.early != nil:
		return true
	case w == wantHead || x.discard:
		return x.resp != nil
	case w == wantData:
		return x.body.len() > 0
	}
	return false
}

// await returns when there is what is wanted, or with ctx's error.
func (x *exchange) await(ctx context.Context, w want) error {
	x.mu.Lock()
	for !x.there(w) {
		x.waiter = loop.Waiter{}
		x.waiter.Init(ctx)
		x.want, x.waiting = w, true
		x.mu.Unlock()
		err := x.waiter.Wait(ctx) // which may end the coroutine: mu must be free
		x.mu.Lock()
		x.waiting = false
		if err != nil && !x.there(w) {
			x.mu.Unlock()
			return err
		}
	}
	x.mu.Unlock()
	return nil
}

// notify calls f, which must not block, once there is what is wanted: it is await for one who does not wait.
func (x *exchange) notify(w want, f func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.there(w) {
		f()
	} else {
		x.want, x.waiting, x.notice = w, true, f
	}
}

// tell wakes the reader if there is what it wants. The caller holds mu.
func (x *exchange) tell() {
	if x.waiting && x.there(x.want) {
		x.waiting = false
		if f := x.notice; f != nil {
			x.notice = nil
			f()
		} else {
			x.waiter.Wake()
		}
	}
}

// read takes what has come of the body, waiting for the first byte of it.
func (x *exchange) read(ctx context.Context, p []byte) (int, error) {
	if err := x.await(ctx, wantData); err != nil {
		return 0, err
	}
	x.mu.Lock()
	n := x.body.take(p)
	again := x.stopped && x.body.len() == 0
	if n == 0 {
		defer x.mu.Unlock()
		if x.err == io.EOF {
			x.resp.Trailer = x.trailer
		}
		return 0, x.err
	}
	if again {
		x.stopped = false
	}
	x.mu.Unlock()
	if again {
		x.peer.resume(ctx)
	}
	return n, nil
}

// answer puts in the final head.
func (x *exchange) answer(resp *Response) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.resp = resp
	if x.follow && isRedirect(resp) {
		x.discard, x.most = true, redirectBody
	}
	if x.toHead {
		x.due = time.Time{}
	}
	x.answered()
	if !x.discard { // else the end may be here, too, and the connection free again
		x.tell()
	}
}

// giveBack gives back the exchange's place among all, though it may not be over.
func (x *exchange) giveBack() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.leavePlace()
}

// leavePlace is giveBack. The caller holds mu.
func (x *exchange) leavePlace() {
	if x.places != nil {
		x.places.release(x.origin)
		x.places = nil
	}
}

// put puts in bytes of the body, which it copies, and reports whether there is room for no more until resume is
// called. The caller holds mu, and calls tell.
func (x *exchange) put(data []byte) (full bool, err error) {
	if x.got += int64(len(data)); x.most >= 0 && x.got > x.most {
		return false, ErrBodyTooLarge
	}
	if x.discard {
		return false, nil
	}
	total := int64(-1)
	if x.whole {
		total = x.resp.ContentLength
	}
	x.body.add(data, total)
	x.stopped = !x.whole && x.body.len() >= bodyMost
	return x.stopped, nil
}

// over ends the response with err, and io.EOF is its good end. Only the first one counts. Nothing that
// the request has given is touched any more.
func (x *exchange) over(err error) { x.overIn(PhaseHead, err) }

// overIn is over, where the phase is known.
func (x *exchange) overIn(phase Phase, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.err != nil {
		return
	}
	x.err, x.phase = err, phase
	x.answered()
	if x.work != nil {
		x.work.stop()
	}
	x.leavePlace()
	for ; x.leavers != nil; x.leavers = x.leavers.next {
		x.leavers.Wake()
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
	replay bool   // source can be called a second time
	length int64  // of the body; -1: not known
	expect bool
	trip   *trip // whose request it is, if it is a Transport's

	fields [2]httputil.Field // where header keeps those of the client
}

// makeHeader makes room for the client's own fields and so many more.
func (o *outgoing) makeHeader(more int) {
	fields := o.fields[:0]
	if more > 0 {
		fields = make([]httputil.Field, 0, len(o.fields)+more+1)
	}
	o.header = httputil.HeaderOver(fields)
}

// work is the source of a request's body as an exchange has it.
type work struct {
	launch func()             // begins, when the head is on its way
	stop   context.CancelFunc // ends it
	given  int64              // bytes of the body that it has given
	waits  *loop.Waiter       // for the server to ask for the body
}

// source is a body that is produced while it is sent.
type source func(ctx context.Context, w io.Writer) error
