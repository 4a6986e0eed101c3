package tcp_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"eddy/internal/poll"
	"eddy/loop"
	"eddy/stream"
	"eddy/tcp"
)

// The schedules of Tornado's tests for its connector, and some more: who is tried when, and
// who wins.
func TestDial_HappyEyeballs(t *testing.T) {
	const ms = time.Millisecond
	refused := func(after time.Duration) fate { return fate{after, syscall.ECONNREFUSED} }
	made := func(after time.Duration) fate { return fate{after: after} }
	for _, c := range []struct {
		name   string
		addrs  []string
		script map[string]fate
		begun  []string
		won    string
		took   time.Duration
	}{
		{"one address", []string{a4}, map[string]fate{a4: made(0)}, []string{a4 + " 0s"}, a4, 0},
		{"one address fails", []string{a4}, map[string]fate{a4: refused(0)}, []string{a4 + " 0s"}, "", 0},
		{"one address fails in the call", []string{a4}, map[string]fate{a4: refused(-1)}, []string{a4 + " 0s"}, "", 0},
		{"immediate success", []string{a6, b6, a4}, map[string]fate{a6: made(10 * ms)}, []string{a6 + " 0s"}, a6, 10 * ms},
		{"immediate failure starts the other family at once", []string{a6, a4}, map[string]fate{a6: refused(0), a4: made(ms)},
			[]string{a6 + " 0s", a4 + " 0s"}, a4, ms},
		{"failures in the call go on", []string{a6, b6, a4, b4}, map[string]fate{a6: refused(-1), a4: refused(-1), b6: refused(-1), b4: made(0)},
			[]string{a6 + " 0s", a4 + " 0s", b6 + " 0s", b4 + " 0s"}, b4, 0},
		{"delay, then the other family", []string{a6, a4}, map[string]fate{a4: made(10 * ms)},
			[]string{a6 + " 0s", a4 + " 250ms"}, a4, 260 * ms},
		{"delay, then the first one wins", []string{a6, a4}, map[string]fate{a6: made(300 * ms), a4: made(100 * ms)},
			[]string{a6 + " 0s", a4 + " 250ms"}, a6, 300 * ms},
		{"both at the same time", []string{a6, a4}, map[string]fate{a6: made(300 * ms), a4: made(50 * ms)},
			[]string{a6 + " 0s", a4 + " 250ms"}, a6 + " or " + a4, 300 * ms},
		{"a failure does not wait for the delay", []string{a6, b6, a4, b4}, map[string]fate{a6: refused(100 * ms), b4: made(ms)},
			[]string{a6 + " 0s", a4 + " 100ms", b6 + " 350ms", b4 + " 600ms"}, b4, 601 * ms},
		{"the last of many", []string{a4, b4, c4}, map[string]fate{a4: refused(0), b4: refused(0), c4: made(0)},
			[]string{a4 + " 0s", b4 + " 0s", c4 + " 0s"}, c4, 0},
		{"all fail", []string{a6, a4, b4}, map[string]fate{a6: refused(ms), a4: refused(ms), b4: refused(ms)},
			[]string{a6 + " 0s", a4 + " 1ms", b4 + " 2ms"}, "", 3 * ms},
		{"all fail, those behind the delay at last", []string{a6, a4}, map[string]fate{a6: refused(260 * ms), a4: refused(5 * ms)},
			[]string{a6 + " 0s", a4 + " 250ms"}, "", 260 * ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			dialBubble(t, c.script, func(d *dialing) {
				won, err := d.dial(context.Background(), "name:80", tcp.DialOptions{Resolver: names{"name": addrs(c.addrs...)}})
				took := time.Since(d.start)
				if !slices.Equal(d.begun, c.begun) {
					t.Errorf("began %v, want %v", d.begun, c.begun)
				}
				if (err == nil) != (c.won != "") || (won == "") != (c.won == "") || !strings.Contains(c.won, won) {
					t.Errorf("connected to %q, %v; want %q", won, err, c.won)
				}
				if took != c.took {
					t.Errorf("it took %v, want %v", took, c.took)
				}
				if err != nil && !errors.Is(err, syscall.ECONNREFUSED) {
					t.Errorf("the error is %v", err)
				}
			})
		})
	}
}

func TestDial_ErrorTellsOfEveryAddress(t *testing.T) {
	script := map[string]fate{a6: {0, syscall.ENETUNREACH}, a4: {0, syscall.ECONNREFUSED}}
	dialBubble(t, script, func(d *dialing) {
		_, err := d.dial(context.Background(), "name:80", tcp.DialOptions{
			Resolver: names{"name": addrs(a6, a4, b4)}, Timeout: time.Second})
		var e *tcp.DialError
		if !errors.As(err, &e) || e.Phase != tcp.PhaseConnect || e.Addr != "name:80" || !e.Timeout() {
			t.Fatalf("the error is %v", err)
		}
		for _, want := range []error{syscall.ENETUNREACH, syscall.ECONNREFUSED, context.DeadlineExceeded} {
			if !errors.Is(err, want) {
				t.Errorf("%v does not tell of %v", err, want)
			}
		}
		want := `tcp: dial "name:80": connect: [2001:db8::1]:80: network is unreachable; 192.0.2.1:80: connection refused; context deadline exceeded`
		if err.Error() != want {
			t.Errorf("the error is\n%v, want\n%v", err, want)
		}
	})
}

func TestDial_BoundsItsAttempts(t *testing.T) {
	var many []netip.AddrPort
	for i := range 4 * tcp.MostPerFamily {
		many = append(many, netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 80))
	}
	dialBubble(t, nil, func(d *dialing) {
		most := 0
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(10*time.Second, func() { most = d.fake.Open(); cancel() })
		_, err := d.dial(ctx, "name:80", tcp.DialOptions{Resolver: names{"name": many}})
		if !errors.Is(err, context.Canceled) || most != tcp.MostAttempts || len(d.begun) != most {
			t.Errorf("%v: %d attempts were under way, %d begun; want %d", err, most, len(d.begun), tcp.MostAttempts)
		}
	})
	dialBubble(t, nil, func(d *dialing) {
		d.fake.OnConnect(func(t poll.Target, far *poll.Peer) error {
			d.begun = append(d.begun, t.Addr.String())
			return syscall.ECONNREFUSED
		})
		d.dial(context.Background(), "name:80", tcp.DialOptions{Resolver: names{"name": many}})
		if len(d.begun) != tcp.MostPerFamily {
			t.Errorf("%d addresses were tried, want %d", len(d.begun), tcp.MostPerFamily)
		}
	})
}

func TestDial_TimeoutOfEachPhase(t *testing.T) {
	slow := resolverFunc(func(ctx context.Context, _ tcp.Query) ([]netip.AddrPort, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	for _, c := range []struct {
		name    string
		addr    string
		options tcp.DialOptions
		phase   tcp.Phase
		took    time.Duration
	}{
		{"resolve", "name:80", tcp.DialOptions{Resolver: slow, Timeout: time.Second}, tcp.PhaseResolve, time.Second},
		{"resolve, shared", "name:80", tcp.DialOptions{Resolver: &tcp.CachingResolver{Resolver: slow}, Timeout: time.Second}, tcp.PhaseResolve, time.Second},
		{"connect", a4, tcp.DialOptions{Timeout: 3 * time.Second}, tcp.PhaseConnect, 3 * time.Second},
		{"connect, by default", a4, tcp.DialOptions{}, tcp.PhaseConnect, tcp.DefaultDialTimeout},
		{"connect, by the context", a4, tcp.DialOptions{Timeout: -1}, tcp.PhaseConnect, time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			dialBubble(t, nil, func(d *dialing) {
				ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
				defer cancel()
				_, err := d.dial(ctx, c.addr, c.options)
				var e *tcp.DialError
				if !errors.As(err, &e) || e.Phase != c.phase || !e.Timeout() || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("the error is %v", err)
				}
				if took := time.Since(d.start); took != c.took {
					t.Errorf("it took %v, want %v", took, c.took)
				}
				synctest.Wait()
			})
		})
	}
}

// From anywhere, at any moment: nothing that a dial has begun outlives it.
func TestDial_CancelledAtAnyStep(t *testing.T) {
	script := map[string]fate{a6: {100 * time.Millisecond, syscall.ECONNREFUSED}, b6: {after: 250 * time.Millisecond}}
	for at := time.Duration(0); at <= 700*time.Millisecond; at += 50 * time.Millisecond {
		for _, from := range []string{"coroutine", "goroutine", "other loop"} {
			dialBubble(t, script, func(d *dialing) {
				ctx, cancel := context.WithTimeout(context.Background(), at)
				defer cancel()
				o := tcp.DialOptions{Loop: d.loop, Resolver: names{"name": addrs(a6, b6, a4)}}
				var s *stream.Stream
				dial := func(ctx context.Context) (err error) {
					s, err = tcp.Dial(ctx, "name:80", o)
					return err
				}
				var err error
				switch from {
				case "coroutine":
					err = d.loop.Do(ctx, dial)
				case "goroutine":
					err = dial(ctx)
				case "other loop":
					other, e := loop.New(loop.Options{Poller: poll.NewFake(), Logger: quiet})
					if e != nil {
						t.Fatal(e)
					}
					go other.Run()
					err = other.Do(ctx, dial)
					other.Close()
				}
				synctest.Wait()
				if want := at > 600*time.Millisecond; (err == nil) != want && at != 600*time.Millisecond {
					t.Errorf("%s, %v: %v", from, at, err)
				}
				if err != nil && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s, %v: %v", from, at, err)
				}
				want := 0
				if err == nil {
					want = 1
				}
				if (s != nil) != (err == nil) {
					t.Errorf("%s, %v: the stream %v with the error %v", from, at, s, err)
				}
				if n := d.fake.Open(); n != want {
					t.Errorf("%s, %v: %d descriptors are open, want %d", from, at, n, want)
				}
			})
		}
	}
}

func TestDial_LoopClosedMeanwhile(t *testing.T) {
	for _, from := range []string{"coroutine", "goroutine"} {
		dialBubble(t, nil, func(d *dialing) {
			failed := make(chan error, 1)
			dial := func(ctx context.Context) {
				_, err := tcp.Dial(ctx, "name:80", tcp.DialOptions{Loop: d.loop, Resolver: names{"name": addrs(a6, a4)}})
				failed <- err
			}
			if from == "coroutine" {
				d.loop.Spawn(context.Background(), dial)
			} else {
				go dial(context.Background())
			}
			time.Sleep(300 * time.Millisecond)
			if n := d.fake.Open(); n != 2 {
				t.Errorf("%d attempts are under way", n)
			}
			d.loop.Close()
			if err := <-failed; !errors.Is(err, loop.ErrClosed) || err.Error() != `tcp: dial "name:80": connect: loop: closed` {
				t.Errorf("%s: %v", from, err)
			}
			if n := d.fake.Open(); n != 0 {
				t.Errorf("%s: %d descriptors are left", from, n)
			}
			if _, err := tcp.Dial(context.Background(), a4, tcp.DialOptions{Loop: d.loop}); !errors.Is(err, loop.ErrClosed) {
				t.Errorf("dial on a closed loop: %v", err)
			}
		})
	}
}

// The caller's loop is closed, and the stream's goes on: nobody will ever close what arrives.
func TestDial_CallersLoopClosedMeanwhile(t *testing.T) {
	dialBubble(t, map[string]fate{a4: {after: time.Second}}, func(d *dialing) {
		other, err := loop.New(loop.Options{Poller: poll.NewFake(), Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		go other.Run()
		ended := make(chan struct{})
		other.Spawn(context.Background(), func(ctx context.Context) {
			defer close(ended) // a coroutine of a closed loop need not be resumed
			if _, err := tcp.Dial(ctx, a4, tcp.DialOptions{Loop: d.loop}); err == nil {
				t.Error("dialled on a closed loop")
			}
		})
		time.Sleep(500 * time.Millisecond)
		other.Close()
		<-ended
		time.Sleep(time.Second)
		synctest.Wait()
		if n := d.fake.Open(); n != 0 {
			t.Errorf("%d descriptors are left", n)
		}
	})
}

// As above, but the connection is there just when nobody waits for it any more.
func TestDial_ArrivesForNobody(t *testing.T) {
	dialBubble(t, nil, func(d *dialing) {
		other, err := loop.New(loop.Options{Poller: poll.NewFake(), Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		go other.Run()
		ended := make(chan struct{})
		other.Spawn(context.Background(), func(ctx context.Context) {
			defer close(ended) // a coroutine of a closed loop is not resumed
			if _, err := tcp.Dial(ctx, a4, tcp.DialOptions{Loop: d.loop}); err == nil {
				t.Error("dialled on a closed loop")
			}
		})
		synctest.Wait()
		goOn := make(chan bool)
		d.loop.Post(func() { <-goOn })
		synctest.Wait()
		d.peers[a4].Establish()
		other.Close()
		close(goOn)
		<-ended
		synctest.Wait()
		if n := d.fake.Open(); n != 0 {
			t.Errorf("%d descriptors are left", n)
		}
	})
}

// faulty is a poller with faults of its own.
type faulty struct {
	*poll.Fake
	addErr error // of Add
	files  poll.Files
}

func (p *faulty) Add(fd int, token uint64, m poll.Mode) error {
	if p.addErr != nil {
		return p.addErr
	}
	return p.Fake.Add(fd, token, m)
}

func (p *faulty) Files() poll.Files { return p.files }

// forgetful keeps the reasons of failures to itself.
type forgetful struct{ poll.Files }

func (forgetful) Error(int) error { return nil }

func TestDial_FaultsOfThePoller(t *testing.T) {
	for _, c := range []struct {
		name   string
		poller func(*poll.Fake) *faulty
		want   error
	}{
		{"cannot watch", func(f *poll.Fake) *faulty { return &faulty{f, syscall.ENOSPC, f.Files()} }, syscall.ENOSPC},
		{"tells no reason", func(f *poll.Fake) *faulty { return &faulty{f, nil, forgetful{f.Files()}} }, syscall.ECONNREFUSED},
	} {
		synctest.Test(t, func(t *testing.T) {
			fake := poll.NewFake()
			fake.OnConnect(func(_ poll.Target, far *poll.Peer) error {
				far.Reset(syscall.ENETUNREACH)
				return nil
			})
			l, err := loop.New(loop.Options{Poller: c.poller(fake), Logger: quiet})
			if err != nil {
				t.Fatal(err)
			}
			go l.Run()
			defer l.Close()
			if _, err := tcp.Dial(context.Background(), a4, tcp.DialOptions{Loop: l}); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", c.name, err, c.want)
			}
			if n := fake.Open(); n != 0 {
				t.Errorf("%s: %d descriptors are left", c.name, n)
			}
		})
	}
}

func TestDial_NeedsALoop(t *testing.T) {
	if _, err := tcp.Dial(t.Context(), a4, tcp.DialOptions{}); err != tcp.ErrNoLoop {
		t.Errorf("the error is %v", err)
	}
}

// One descriptor too few costs what it costs, and no more.
func TestDial_OutOfDescriptors(t *testing.T) {
	script := map[string]fate{a6: {-1, syscall.EMFILE}, a4: {-1, syscall.EMFILE}}
	dialBubble(t, script, func(d *dialing) {
		_, err := d.dial(context.Background(), "name:80", tcp.DialOptions{Resolver: names{"name": addrs(a6, a4)}})
		if !errors.Is(err, syscall.EMFILE) {
			t.Errorf("the error is %v", err)
		}
	})
}

func TestDial_PanicOfControlLeavesNothingOpen(t *testing.T) {
	dialBubble(t, map[string]fate{a6: silence}, func(d *dialing) {
		d.fake.OnConnect(func(t poll.Target, far *poll.Peer) error {
			if t.Addr.Addr().Is4() {
				panic("boom")
			}
			return nil
		})
		_, err := d.dial(context.Background(), "name:80", tcp.DialOptions{Resolver: names{"name": addrs(a6, a4)}})
		if !errors.Is(err, loop.ErrAborted) {
			t.Errorf("the error is %v", err)
		}
	})
}

func TestDial_BusyUnixSocketIsAskedAgain(t *testing.T) {
	dialBubble(t, nil, func(d *dialing) {
		calls := 0
		d.fake.OnConnect(func(t poll.Target, far *poll.Peer) error {
			switch calls++; calls {
			case 1, 2:
				return syscall.EAGAIN
			case 3:
				far.Reset(syscall.EAGAIN) // as a poller of package net tells
				return nil
			}
			far.Establish()
			return nil
		})
		if _, err := d.dial(context.Background(), "unix:/busy", tcp.DialOptions{}); err != nil {
			t.Error(err)
		}
		if took := time.Since(d.start); calls != 4 || took != 3*tcp.BusyPause {
			t.Errorf("%d calls in %v", calls, took)
		}
	})
	dialBubble(t, map[string]fate{"/busy": {-1, syscall.EAGAIN}}, func(d *dialing) {
		if _, err := d.dial(context.Background(), "unix:/busy", tcp.DialOptions{Timeout: time.Second}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the error is %v", err)
		}
	})
}
