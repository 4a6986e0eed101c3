package tcp_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"eddy/async"
	"eddy/tcp"
)

// counting is a resolver that counts who asks, and answers after a while.
type counting struct {
	calls   []tcp.Query
	ended   int // by their context
	after   time.Duration
	answers map[string][]netip.AddrPort
	err     error
}

func (r *counting) Resolve(ctx context.Context, q tcp.Query) ([]netip.AddrPort, error) {
	r.calls = append(r.calls, q)
	if err := async.Sleep(ctx, r.after); err != nil {
		r.ended++
		return nil, err
	}
	return r.answers[q.Host], r.err
}

var notFound = &net.DNSError{Err: "no such host", Name: "name", IsNotFound: true}

func query(host string) tcp.Query { return tcp.Query{Host: host, Port: 80} }

func TestCaching_KeepsAnswersForAWhile(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		r    *tcp.CachingResolver
		good time.Duration // how long an answer is kept
	}{
		{"by default", nil, new(tcp.CachingResolver), tcp.DefaultTTL},
		{"as told", nil, &tcp.CachingResolver{TTL: time.Hour}, time.Hour},
		{"not at all", nil, &tcp.CachingResolver{TTL: -1}, 0},
		{"not found", notFound, new(tcp.CachingResolver), tcp.DefaultNegativeTTL},
		{"not found, as told", fmt.Errorf("wrapped: %w", notFound), &tcp.CachingResolver{NegativeTTL: time.Minute}, time.Minute},
		{"not found, not at all", notFound, &tcp.CachingResolver{NegativeTTL: -1}, 0},
		{"no address", nil, new(tcp.CachingResolver), tcp.DefaultNegativeTTL},
		{"failures", errors.New("server misbehaving"), new(tcp.CachingResolver), 0},
		{"temporary failures", &net.DNSError{Err: "timeout", IsTimeout: true}, new(tcp.CachingResolver), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				inner := &counting{err: c.err}
				if c.err == nil && c.name != "no address" {
					inner.answers = map[string][]netip.AddrPort{"name": addrs(a4)}
				}
				r := c.r
				r.Resolver = inner
				start := time.Now()
				for _, at := range []time.Duration{0, 0, c.good - time.Nanosecond, c.good, c.good} {
					time.Sleep(time.Until(start.Add(at)))
					got, err := r.Resolve(t.Context(), query("name"))
					if err != c.err || !slices.Equal(got, inner.answers["name"]) {
						t.Errorf("at %v: %v, %v", at, got, err)
					}
					clear(got) // the caller's own
				}
				want := 2
				if c.good == 0 {
					want = 5
				}
				if len(inner.calls) != want {
					t.Errorf("%d lookups, want %d", len(inner.calls), want)
				}
			})
		})
	}
}

func TestCaching_TellsQueriesApart(t *testing.T) {
	inner := &counting{}
	r := &tcp.CachingResolver{Resolver: inner}
	queries := []tcp.Query{query("a"), query("b"), {Host: "a", Port: 81}, {Host: "a", Port: 80, Family: tcp.IPv6}, query("a.")}
	for range 2 {
		for _, q := range queries {
			r.Resolve(t.Context(), q)
		}
	}
	if !slices.Equal(inner.calls, queries) {
		t.Errorf("looked up %v, want %v", inner.calls, queries)
	}
}

func TestCaching_IsBounded(t *testing.T) {
	inner := &counting{}
	r := &tcp.CachingResolver{Resolver: inner, Size: 3}
	ask := func(hosts string) (lookups int) {
		before := len(inner.calls)
		for h := range strings.FieldsSeq(hosts) {
			r.Resolve(t.Context(), query(h))
		}
		return len(inner.calls) - before
	}
	for _, step := range []struct {
		hosts   string
		lookups int
	}{
		{"a b c", 3}, {"a b c", 0}, {"d", 1}, {"b c d", 0}, {"b", 0}, {"e", 1}, {"b d e", 0}, {"c", 1}, {"b", 1},
	} {
		if n := ask(step.hosts); n != step.lookups {
			t.Errorf("asked for %s: %d lookups, want %d", step.hosts, n, step.lookups)
		}
	}
}

func TestCaching_SharesLookups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := &counting{after: time.Second, answers: map[string][]netip.AddrPort{"name": addrs(a4)}}
		r := &tcp.CachingResolver{Resolver: inner}
		const n = 10
		ctxs := make([]context.Context, n)
		cancels := make([]context.CancelFunc, n)
		errs := make([]error, n)
		done := make(chan int, n)
		for i := range n {
			ctxs[i], cancels[i] = context.WithCancel(context.Background())
			go func() {
				_, errs[i] = r.Resolve(ctxs[i], query("name"))
				done <- i
			}()
			synctest.Wait()
		}
		cancels[0]() // the one that has begun it leaves, and another one
		cancels[5]()
		for range n {
			<-done
		}
		for i, err := range errs {
			if want := ctxs[i].Err(); err != want {
				t.Errorf("waiter %d: %v, want %v", i, err, want)
			}
			cancels[i]()
		}
		if len(inner.calls) != 1 || inner.ended != 0 {
			t.Errorf("%d lookups, %d given up", len(inner.calls), inner.ended)
		}
	})
}

// A lookup that nobody waits for is given up, and the next one who comes begins another.
func TestCaching_GivesUpWhatNobodyWantsAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := &counting{after: time.Second, answers: map[string][]netip.AddrPort{"name": addrs(a4)}}
		r := &tcp.CachingResolver{Resolver: inner}
		for range 2 {
			ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
			if _, err := r.Resolve(ctx, query("name")); err != context.DeadlineExceeded {
				t.Errorf("the error is %v", err)
			}
			cancel()
		}
		got, err := r.Resolve(t.Context(), query("name"))
		if !slices.Equal(got, addrs(a4)) || err != nil || len(inner.calls) != 3 || inner.ended != 2 {
			t.Errorf("%v, %v after %d lookups, %d of them given up", got, err, len(inner.calls), inner.ended)
		}
	})
}

// A lookup that goes on although nobody wants it brings its answer beside that of the next.
func TestCaching_AnswersThatComeTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lookups atomic.Int32
		r := &tcp.CachingResolver{Size: 2, Resolver: resolverFunc(func(context.Context, tcp.Query) ([]netip.AddrPort, error) {
			lookups.Add(1)
			time.Sleep(time.Second)
			return addrs(a4), nil
		})}
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		r.Resolve(ctx, query("a"))
		for _, host := range []string{"a", "b", "a", "b"} {
			if _, err := r.Resolve(t.Context(), query(host)); err != nil {
				t.Error(err)
			}
		}
		if n := lookups.Load(); n != 3 {
			t.Errorf("%d lookups, want 3", n)
		}
	})
}

// Who comes when a lookup has failed begins another one, also while some have not taken
// notice yet.
func TestCaching_NobodyJoinsALookupThatIsOver(t *testing.T) {
	dialBubble(t, nil, func(d *dialing) {
		inner := &counting{after: time.Second, err: errors.New("server misbehaving")}
		r := &tcp.CachingResolver{Resolver: inner}
		d.loop.Spawn(context.Background(), func(ctx context.Context) { r.Resolve(ctx, query("name")) })
		synctest.Wait()
		goOn := make(chan bool)
		d.loop.Post(func() { <-goOn })
		time.Sleep(2 * time.Second)
		r.Resolve(context.Background(), query("name"))
		close(goOn)
		if len(inner.calls) != 2 {
			t.Errorf("%d lookups, want 2", len(inner.calls))
		}
	})
}

func TestCaching_PanicOfTheResolver(t *testing.T) {
	fail := true
	r := &tcp.CachingResolver{Resolver: resolverFunc(func(context.Context, tcp.Query) ([]netip.AddrPort, error) {
		if fail {
			panic("boom")
		}
		return addrs(a4), nil
	})}
	var p *async.PanicError
	if _, err := r.Resolve(t.Context(), query("name")); !errors.As(err, &p) || p.Value != "boom" {
		t.Errorf("the error is %v", err)
	}
	fail = false
	if got, err := r.Resolve(t.Context(), query("name")); len(got) != 1 || err != nil {
		t.Errorf("afterwards: %v, %v", got, err)
	}
}
