package httpclient_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"eddy/httpclient"
)

// modelTurn is one who waits in the model of the limiter.
type modelTurn struct {
	id   int
	host string
}

// model says the same as the limiter, by lists and loops over them.
type model struct {
	most, perHost int
	active        []modelTurn
	waiting       []modelTurn // for all, in order
	atHost        []modelTurn // for a place at their hosts, in order
}

func (m *model) hostActive(host string) (n int) {
	for _, list := range [][]modelTurn{m.active, m.waiting} {
		for _, t := range list {
			if t.host == host {
				n++
			}
		}
	}
	return n
}

func (m *model) acquire(id int, host string) {
	m.atHost = append(m.atHost, modelTurn{id: id, host: host})
	m.settle()
}

// settle moves on everybody who can.
func (m *model) settle() {
	for i := 0; i < len(m.atHost); {
		if t := m.atHost[i]; m.perHost == 0 || m.hostActive(t.host) < m.perHost {
			m.atHost = slices.Delete(m.atHost, i, i+1)
			m.waiting = append(m.waiting, t)
		} else {
			i++
		}
	}
	for len(m.waiting) > 0 && (m.most == 0 || len(m.active) < m.most) {
		m.active = append(m.active, m.waiting[0])
		m.waiting = m.waiting[1:]
	}
}

// leave takes out id, wherever it is.
func (m *model) leave(id int) {
	gone := func(t modelTurn) bool { return t.id == id }
	m.active = slices.DeleteFunc(m.active, gone)
	m.waiting = slices.DeleteFunc(m.waiting, gone)
	m.atHost = slices.DeleteFunc(m.atHost, gone)
	m.settle()
}

func TestLimiter_IsItsModel(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		limits := [...]int{0, 1, 2, 5}
		m := &model{most: limits[r.IntN(4)], perHost: limits[r.IntN(4)]}
		synctest.Test(t, func(t *testing.T) { likeModel(t, r, m) })
		if t.Failed() {
			t.Fatalf("seed %d: %d in all, %d a host", seed, m.most, m.perHost)
		}
	}
}

func likeModel(t *testing.T, r *rand.Rand, m *model) {
	l := httpclient.NewLimiter(m.most, m.perHost)
	type caller struct {
		host   string
		cancel context.CancelFunc
		got    chan error
		in     bool
	}
	callers := map[int]*caller{}
	check := func() {
		synctest.Wait()
		for id, c := range callers {
			if !c.in && len(c.got) == 1 {
				if err := <-c.got; err != nil {
					t.Fatalf("%d: %v", id, err)
				}
				c.in = true
			}
			if in := slices.ContainsFunc(m.active, func(t modelTurn) bool { return t.id == id }); in != c.in {
				t.Fatalf("%d for %s has its turn: %v, in the model: %v", id, c.host, c.in, in)
			}
		}
	}
	drop := func(id int) {
		c := callers[id]
		delete(callers, id)
		if c.in {
			l.Release(c.host)
		} else {
			c.cancel()
			if err := <-c.got; !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}
		c.cancel()
		m.leave(id)
	}
	for id := range 150 {
		if r.IntN(5) < 3 {
			c := &caller{host: fmt.Sprint(r.IntN(4)), got: make(chan error, 1)}
			var ctx context.Context
			ctx, c.cancel = context.WithCancel(context.Background())
			go func() { c.got <- l.Acquire(ctx, c.host, 0) }()
			synctest.Wait() // the order is that of their coming
			callers[id] = c
			m.acquire(id, c.host)
		} else {
			for id := range callers {
				drop(id)
				break
			}
		}
		check()
	}
	for id := range callers {
		drop(id)
		check()
	}
	if !l.Empty() {
		t.Error("something is left")
	}
}

// A host that is slow holds up nobody but those who want it.
func TestLimiter_NoHostStandsInTheWay(t *testing.T) {
	onFakeNet(t, httpclient.Options{MaxClients: 3, MaxPerHost: 1}, func(n *fakeNet) {
		slow := n.get("/slow")
		queued := make([]chan result, 5)
		for i := range queued {
			queued[i] = n.get(fmt.Sprint("/", i))
		}
		for range 3 {
			other := n.do(context.Background(), &httpclient.Request{URL: "http://192.0.2.2/"})
			n.answer(ok)
			n.good(other, "ok")
		}
		if len(n.dials) != 2 {
			t.Errorf("%d connections", len(n.dials))
		}
		first := n.dials[0]
		if line := took(first); line != "GET /slow" {
			t.Error(line)
		}
		first.Send(ok)
		n.good(slow, "ok")
		for i := range queued {
			synctest.Wait()
			if line := took(first); line != fmt.Sprint("GET /", i) {
				t.Errorf("%q is the one after %d others", line, i)
			}
			first.Send(ok)
			n.good(queued[i], "ok")
		}
	})
}

// Very many can wait. Those that go away again cost the others nothing.
func TestLimiter_HundredThousand(t *testing.T) {
	const crowd = 100_000
	if raceEnabled {
		t.Skip("the race detector has room for 8,000 goroutines")
	}
	l := httpclient.NewLimiter(1, 0)
	if err := l.Acquire(context.Background(), "a", 0); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	got := make(chan error, crowd)
	for i := range crowd {
		go func() {
			ctx := ctx
			if i%2 == 0 {
				ctx = context.Background()
			}
			err := l.Acquire(ctx, "a", 0)
			if err == nil {
				l.Release("a")
			}
			got <- err
		}()
	}
	for l.Queued() < crowd { // which looks at all of them
		for range 1000 {
			runtime.Gosched()
		}
	}
	cancel()
	for range crowd / 2 {
		if err := <-got; err != context.Canceled {
			t.Fatal(err)
		}
	}
	l.Release("a")
	for range crowd / 2 {
		if err := <-got; err != nil {
			t.Fatal(err)
		}
	}
	if !l.Empty() {
		t.Error("something is left")
	}
}

func TestLimiter_Close(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := httpclient.NewLimiter(2, 2)
		got := make(chan error, 20)
		for range 10 {
			for _, host := range []string{"a", "b"} {
				go func() { got <- l.Acquire(context.Background(), host, time.Hour) }()
			}
		}
		synctest.Wait()
		l.Close()
		synctest.Wait()
		in := 0
		for range 20 {
			if err := <-got; err == nil {
				in++
			} else if err != httpclient.ErrClosed {
				t.Error(err)
			}
		}
		if in != 2 {
			t.Errorf("%d are in", in)
		}
		if err := l.Acquire(context.Background(), "c", 0); err != httpclient.ErrClosed {
			t.Error(err)
		}
	})
}
