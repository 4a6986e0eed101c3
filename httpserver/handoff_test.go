package httpserver_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"eddy/async"
	"eddy/httpserver"
	"eddy/httputil"
	"eddy/internal/habit"
	"eddy/loop"
	"eddy/tcp"
)

// places are the ways in which a handler may come to run. Whatever it does, its client must
// see the same.
var places = []struct {
	name string
	take func(r *httputil.Request)
}{
	{"on the loop", func(*httputil.Request) {}},
	{"after losing the loop", func(*httputil.Request) { time.Sleep(10 * time.Millisecond) }},
	{"in a goroutine", func(r *httputil.Request) { r.Follow(habit.New(r.Path, habit.InGoroutine)) }},
	{"in a goroutine, blocking", func(r *httputil.Request) {
		r.Follow(habit.New(r.Path, habit.InGoroutine))
		time.Sleep(10 * time.Millisecond)
	}},
}

// inEveryPlace runs f in a bubble for each place, with a server of the handler there.
func inEveryPlace(t *testing.T, handler handlerFunc, f func(h *harness)) {
	t.Helper()
	for _, place := range places {
		t.Run(place.name, func(t *testing.T) {
			there := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
				place.take(r)
				handler(ctx, w, r)
			})
			bubble(t, there, httpserver.Options{}, f)
		})
	}
}

// sendSlowly is send to a handler that takes its time.
func (h *harness) sendSlowly(p *peer, s string) string {
	p.Send(s)
	time.Sleep(time.Second)
	return h.take(p)
}

func TestPlaces_PipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	inEveryPlace(t, echo, func(h *harness) {
		got := h.sendSlowly(h.connect(),
			"GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"+
				"POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"+
				"GET /3 HTTP/1.1\r\nHost: h\r\n\r\n")
		if want := ok("GET /1 ") + ok("POST /2 abc") + ok("GET /3 "); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestPlaces_BodyThatComesLater(t *testing.T) {
	inEveryPlace(t, echo, func(h *harness) {
		p := h.connect()
		if got := h.sendSlowly(p, "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"); got != "" {
			t.Errorf("early answer %q", got)
		}
		if got := h.sendSlowly(p, "3\r\ndef\r\n0\r\n\r\n"); got != ok("POST /b abcdef") {
			t.Errorf("got %q", got)
		}
	})
}

func TestPlaces_SlowClientIsWaitedFor(t *testing.T) {
	const size = 400 << 10
	written := make(chan error, 1)
	handler := func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		w.WriteHead(200, "", &httputil.Header{}, size)
		_, err := io.WriteString(w, strings.Repeat("x", size))
		written <- err
	}
	inEveryPlace(t, handler, func(h *harness) {
		p := h.connect()
		p.SetRoom(1000)
		got := h.sendSlowly(p, get)
		select {
		case err := <-written:
			t.Fatalf("the handler wrote it all for a client that takes nothing: %v", err)
		default:
		}
		p.SetRoom(-1)
		got += h.sendSlowly(p, "")
		if err := <-written; err != nil || strings.Count(got, "x") != size {
			t.Errorf("write: %v; %d of %d bytes came", err, strings.Count(got, "x"), size)
		}
	})
}

func TestPlaces_EndsThatAreNoReturn(t *testing.T) {
	ends := map[string]func(){
		"panic":  func() { panic("boom") },
		"Goexit": func() { runtime.Goexit() },
		"abort":  func() { panic(http.ErrAbortHandler) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			handler := func(_ context.Context, w httputil.ResponseWriter, r *httputil.Request) {
				if r.Path == "/end" {
					end()
				}
				respond(w, 200, r.Path)
			}
			inEveryPlace(t, handler, func(h *harness) {
				p := h.connect()
				got := h.sendSlowly(p, "GET /end HTTP/1.1\r\nHost: h\r\n\r\n")
				want, next := "HTTP/1.1 500 Internal Server Error\r\n…", ok("/next")
				if name == "abort" {
					want, next = "", "" // the client shall see that the response has no end
				}
				checkWire(t, "response", got, want)
				if got := h.sendSlowly(p, "GET /next HTTP/1.1\r\nHost: h\r\n\r\n"); got != next {
					t.Errorf("the next request on the connection: %q", got)
				}
				if logged := strings.Contains(h.logs.String(), "panic in a handler"); logged != (name == "panic") {
					t.Errorf("log %q", h.logs)
				}
			})
		})
	}
}

func TestPlaces_AwaitInside(t *testing.T) {
	handler := func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		answer := async.Go(ctx, func(ctx context.Context) (string, error) {
			return "later", async.Sleep(ctx, 50*time.Millisecond)
		})
		text, err := answer.Wait(ctx)
		if err != nil {
			t.Error(err)
		}
		respond(w, 200, text)
	}
	inEveryPlace(t, handler, func(h *harness) {
		if got := h.sendSlowly(h.connect(), get); got != ok("later") {
			t.Errorf("got %q", got)
		}
	})
}

func TestPlaces_FinishAfterTheConnectionClosed(t *testing.T) {
	result := make(chan [3]error, 1)
	handler := func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		var errs [3]error
		w.WriteHead(200, "", &httputil.Header{}, -1)
		io.WriteString(w, "a")
		w.Flush()
		errs[0] = async.Sleep(ctx, time.Hour)
		_, errs[1] = io.WriteString(w, "b")
		errs[2] = w.Finish()
		result <- errs
	}
	inEveryPlace(t, handler, func(h *harness) {
		p := h.connect()
		h.sendSlowly(p, get)
		p.Reset(syscall.ECONNRESET)
		for i, err := range <-result {
			if !errors.Is(err, httputil.ErrClosed) {
				t.Errorf("call %d after the reset: %v, want ErrClosed", i, err)
			}
		}
	})
}

func TestPlaces_CloseOfTheServerEndsHandlers(t *testing.T) {
	ended := make(chan error, 1)
	handler := func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		ended <- async.Sleep(ctx, time.Hour)
	}
	inEveryPlace(t, handler, func(h *harness) {
		h.sendSlowly(h.connect(), get)
		h.srv.Close()
		if err := <-ended; !errors.Is(err, httputil.ErrClosed) {
			t.Errorf("the wait ended with %v", err)
		}
	})
}

func TestPlaces_FinishLetsTheClientGo(t *testing.T) {
	handler := func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		respond(w, 200, "x")
		w.Finish()
		time.Sleep(time.Minute) // its own clean-up
	}
	inEveryPlace(t, handler, func(h *harness) {
		if got := h.sendSlowly(h.connect(), get); got != ok("x") {
			t.Errorf("got %q", got)
		}
		time.Sleep(time.Hour)
	})
}

// Handlers do what they like, in any order, beside each other; every client gets its own
// answer, whole, in order.
func TestHandOff_RandomHandlers(t *testing.T) {
	for _, procs := range []int{runtime.GOMAXPROCS(0), 1} {
		t.Run(fmt.Sprint("GOMAXPROCS ", procs), func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
			s := &randomServer{routes: []*habit.Habit{
				habit.New("learned", habit.Learned), habit.New("loop", habit.OnLoop), habit.New("goroutine", habit.InGoroutine),
			}}
			g, err := loop.NewGroup(2, loop.Options{Logger: quiet})
			if err != nil {
				t.Fatal(err)
			}
			defer g.Close()
			srv := httpserver.New(httputil.HandlerFunc(s.serve), httpserver.Options{Logger: quiet})
			defer srv.Close()
			l, err := tcp.Listen(t.Context(), "127.0.0.1:0", tcp.ListenOptions{})
			if err != nil {
				t.Fatal(err)
			}
			addr := l.Addr().String()
			if err := srv.Serve(g, l); err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			for client := range 8 {
				wg.Go(func() { randomClient(t, addr, client) })
			}
			wg.Wait()
			t.Logf("%d hand-offs", g.Stats().Total.HandOffs)
		})
	}
}

type randomServer struct {
	routes []*habit.Habit
	mu     sync.Mutex
}

// serve answers with as many lines as the path says, and what it does in between follows
// from the path, too.
func (s *randomServer) serve(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
	n, _ := strconv.Atoi(strings.TrimPrefix(r.Path, "/"))
	rng := rand.New(rand.NewPCG(uint64(n), 7))
	r.Follow(s.routes[rng.IntN(len(s.routes))])
	w.WriteHead(200, "", &httputil.Header{}, -1)
	for i := range n % 5 {
		s.step(ctx, w, rng)
		fmt.Fprintf(w, "%d line %d\n", n, i)
	}
	if n%11 == 0 {
		runtime.Goexit() // the response is cut
	}
}

func (s *randomServer) step(ctx context.Context, w httputil.ResponseWriter, rng *rand.Rand) {
	d := time.Duration(rng.IntN(3000)) * time.Microsecond
	switch rng.IntN(6) {
	case 0:
		time.Sleep(d)
	case 1:
		for end := time.Now().Add(d); time.Now().Before(end); {
		}
	case 2:
		s.mu.Lock()
		time.Sleep(d / 4)
		s.mu.Unlock()
	case 3:
		async.Sleep(ctx, d)
	case 4:
		w.Flush()
	case 5:
		async.Go(ctx, func(ctx context.Context) (int, error) { time.Sleep(d); return 1, nil }).Wait(ctx)
	}
}

func randomClient(t *testing.T, addr string, client int) {
	rng := rand.New(rand.NewPCG(uint64(client), 3))
	for range 6 {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Error(err)
			return
		}
		in := bufio.NewReader(c)
		for range 8 {
			n := rng.IntN(1000)
			fmt.Fprintf(c, "GET /%d HTTP/1.1\r\nHost: h\r\n\r\n", n)
			if rng.IntN(10) == 0 {
				break // the client leaves without its answer
			}
			if !checkAnswer(t, in, n) {
				break
			}
		}
		c.Close()
	}
}

// checkAnswer reads the answer to n, and reports whether another may follow it.
func checkAnswer(t *testing.T, in *bufio.Reader, n int) bool {
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		if n%11 != 0 || n%5 != 0 { // else nothing had left when the handler ended
			t.Errorf("%d: %v", n, err)
		}
		return false
	}
	body, err := io.ReadAll(resp.Body)
	var want strings.Builder
	for i := range n % 5 {
		fmt.Fprintf(&want, "%d line %d\n", n, i)
	}
	if n%11 == 0 { // cut somewhere
		if err == nil || !strings.HasPrefix(want.String(), string(body)) {
			t.Errorf("%d, cut: %q, %v", n, body, err)
		}
		return false
	}
	if string(body) != want.String() || err != nil {
		t.Errorf("%d: %q, %v", n, body, err)
	}
	return true
}
