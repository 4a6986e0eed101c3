package tcp

import (
	"cmp"
	"container/list"
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"eddy/async"
)

// The defaults of [CachingResolver].
const (
	DefaultTTL         = time.Minute
	DefaultNegativeTTL = 5 * time.Second
	DefaultCacheSize   = 1000
)

// CachingResolver keeps the answers of another resolver for a while. Those who ask for the
// same at the same time share one lookup, which goes on while one of them waits. The
// zero value is ready; the fields must not change once it is used. Any goroutine.
type CachingResolver struct {
	// Resolver is asked for what is not kept. It runs in a goroutine, and its context has
	// no values. Default: [DefaultResolver].
	Resolver Resolver
	// TTL is how long addresses are kept: fixed, because the system does not tell how
	// long they are good. Default: a minute. Negative: not at all.
	TTL time.Duration
	// NegativeTTL is how long it is kept that a name does not exist (IsNotFound of
	// [net.DNSError]) or has no address. Other errors are not kept. Default: 5 seconds. Negative: not at all.
	NegativeTTL time.Duration
	// Size is how many answers are kept at most. The one that was not asked for
	// longest makes room. Default: 1000.
	Size int

	mu      sync.Mutex
	answers map[Query]*list.Element
	recent  list.List // of *answer, the last one asked for first
	flights map[Query]*flight
}

type answer struct {
	query Query
	addrs []netip.AddrPort
	err   error
	until time.Time
}

// flight is a lookup under way.
type flight struct {
	future  *async.Future[[]netip.AddrPort]
	waiters int
	cancel  context.CancelFunc
}

// Resolve implements [Resolver].
func (r *CachingResolver) Resolve(ctx context.Context, q Query) ([]netip.AddrPort, error) {
	r.mu.Lock()
	if a := r.kept(q); a != nil {
		defer r.mu.Unlock()
		return slices.Clone(a.addrs), a.err
	}
	f := r.board(q)
	r.mu.Unlock()
	defer r.leave(q, f)
	addrs, err := f.future.Wait(ctx)
	return slices.Clone(addrs), err
}

// kept returns the answer if it is still good. mu is held.
func (r *CachingResolver) kept(q Query) *answer {
	e := r.answers[q]
	if e == nil {
		return nil
	}
	a := e.Value.(*answer)
	if !time.Now().Before(a.until) {
		r.drop(e)
		return nil
	}
	r.recent.MoveToFront(e)
	return a
}

// board joins the lookup that is under way, or begins one. mu is held.
func (r *CachingResolver) board(q Query) *flight {
	f := r.flights[q]
	if f == nil {
		f = new(flight)
		var ctx context.Context
		ctx, f.cancel = context.WithCancel(context.Background())
		if r.flights == nil {
			r.flights = make(map[Query]*flight)
		}
		r.flights[q] = f
		f.future = async.Go(async.Quiet(ctx), func(ctx context.Context) ([]netip.AddrPort, error) {
			defer r.land(q, f) // also if the resolver panics
			addrs, err := orDefault(r.Resolver).Resolve(ctx, q)
			r.keep(q, addrs, err)
			return addrs, err
		})
	}
	f.waiters++
	return f
}

// leave ends a wait. What nobody waits for any more is given up.
func (r *CachingResolver) leave(q Query, f *flight) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.waiters--; f.waiters == 0 {
		r.forget(q, f)
		f.cancel()
	}
}

func (r *CachingResolver) land(q Query, f *flight) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(q, f)
}

// forget keeps others from joining f. mu is held.
func (r *CachingResolver) forget(q Query, f *flight) {
	if r.flights[q] == f {
		delete(r.flights, q)
	}
}

// keep keeps an answer that is worth it.
func (r *CachingResolver) keep(q Query, addrs []netip.AddrPort, err error) {
	ttl := r.ttl(addrs, err)
	if ttl <= 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.answers[q]; e != nil {
		r.drop(e)
	}
	if r.answers == nil {
		r.answers = make(map[Query]*list.Element)
	}
	r.answers[q] = r.recent.PushFront(&answer{q, addrs, err, time.Now().Add(ttl)})
	if r.recent.Len() > r.size() {
		r.drop(r.recent.Back())
	}
}

func (r *CachingResolver) drop(e *list.Element) {
	delete(r.answers, r.recent.Remove(e).(*answer).query)
}

func (r *CachingResolver) size() int {
	if r.Size > 0 {
		return r.Size
	}
	return DefaultCacheSize
}

// ttl returns how long an answer is kept.
func (r *CachingResolver) ttl(addrs []netip.AddrPort, err error) time.Duration {
	var dns *net.DNSError
	switch {
	case err == nil && len(addrs) > 0:
		return cmp.Or(r.TTL, DefaultTTL)
	case err == nil, errors.As(err, &dns) && dns.IsNotFound:
		return cmp.Or(r.NegativeTTL, DefaultNegativeTTL)
	}
	return 0
}
