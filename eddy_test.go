package eddy_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"eddy"
	"eddy/async"
	"eddy/httpserver"
	"eddy/internal/leaktest"
	"eddy/web"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// serve runs h on a free port and returns its URL and a client of its own.
func serve(t *testing.T, h http.Handler, o eddy.Options) (*eddy.Server, string, *http.Client) {
	t.Helper()
	o.Logger = quiet
	s, err := eddy.New(h, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	addr, err := s.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	t.Cleanup(client.CloseIdleConnections)
	return s, "http://" + addr.String(), client
}

func app(f func(ctx context.Context, h *web.RequestHandler) error) *web.Application {
	return web.NewApplicationWith(web.Settings{Logger: quiet}, web.Func("/{path...}", f))
}

// echoes answers with the request's body, after others had their turn.
func echoes(ctx context.Context, h *web.RequestHandler) error {
	body, err := h.Body(ctx)
	if err != nil {
		return err
	}
	if err := async.Sleep(ctx, 0); err != nil {
		return err
	}
	_, err = h.Write(body)
	return err
}

// manyClients sends bodies of many sizes, up to most, to an application of echoes, and shuts it
// down after that.
func manyClients(t *testing.T, s *eddy.Server, url string, client *http.Client, requests, most int) {
	t.Helper()
	const clients = 32
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			for j := range requests {
				body := bytes.Repeat([]byte{byte('a' + (i+j)%26)}, 1+(i*j*9973)%most)
				resp, err := client.Post(url+"/x", "text/plain", bytes.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				got, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || !bytes.Equal(got, body) {
					t.Errorf("client %d, request %d: %d bytes for %d, %v", i, j, len(got), len(body), err)
				}
			}
		})
	}
	wg.Wait()
	client.CloseIdleConnections()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if n := s.Connections(); n != 0 {
		t.Errorf("%d connections are left after Shutdown", n)
	}
}

func TestServer_ManyClientsAtOnce(t *testing.T) {
	s, url, client := serve(t, app(echoes), eddy.Options{Loops: 2})
	manyClients(t, s, url, client, 30, 70_000)
}

func TestServer_HostsHTTPHandlers(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello/{name}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello %s from %s", r.PathValue("name"), r.Host)
	})
	mux.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		for range 3 {
			io.WriteString(w, "chunk\n")
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
		}
	})
	mux.HandleFunc("/gone", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	_, url, client := serve(t, mux, eddy.Options{})
	for path, want := range map[string]string{
		"/hello/eddy": "hello eddy from " + strings.TrimPrefix(url, "http://"),
		"/stream":     "chunk\nchunk\nchunk\n",
	} {
		resp, err := client.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(got) != want || err != nil {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, "GET", url+"/gone", nil)
	go cancel()
	if _, err := client.Do(req); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// A handler that blocks its goroutine, on both loops, does not hold up others.
func TestServer_BlockingHandlersDoNotStopTheLoops(t *testing.T) {
	release := make(chan struct{})
	var blocked atomic.Int32
	s, url, client := serve(t, app(func(ctx context.Context, h *web.RequestHandler) error {
		if h.Request.Path == "/block" {
			blocked.Add(1)
			<-release
		}
		return h.Text("ok")
	}), eddy.Options{Loops: 2})
	var wg sync.WaitGroup
	fetch := func(path string) {
		resp, err := client.Get(url + path)
		if err != nil {
			t.Error(err)
			return
		}
		resp.Body.Close()
		if resp.StatusCode != 200 {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
	for range 8 {
		wg.Go(func() { fetch("/block") })
	}
	for blocked.Load() < 8 {
		fetch("/fast")
	}
	// Each loop may be with the last of them still.
	stats := s.Stats()
	if total := stats.Total; len(stats.Loops) != 2 || total.HandOffs == 0 || total.Away < 6 {
		t.Errorf("eight handlers block: %+v", total)
	}
	close(release)
	wg.Wait()
}

func TestServer_BadClientsHurtNobodyElse(t *testing.T) {
	s, url, client := serve(t, app(func(ctx context.Context, h *web.RequestHandler) error {
		body, err := h.Body(ctx)
		if err != nil {
			return err
		}
		return h.Text(fmt.Sprint(len(body)))
	}), eddy.Options{HTTP: httpserver.Options{HeaderTimeout: time.Second}})
	addr := strings.TrimPrefix(url, "http://")
	bad := []struct{ name, send, want string }{
		{"garbage", "\x00\x01\x02\x03\r\n\r\n", "HTTP/1.1 400 "},
		{"endless header", "GET / HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat("x", 1<<20), "HTTP/1.1 431 "},
		{"huge body", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n\r\n", "HTTP/1.1 413 "},
		{"slow head", "GET / HTTP/1.1\r\nHo", "HTTP/1.1 408 "},
	}
	var wg sync.WaitGroup
	for _, tt := range bad {
		wg.Go(func() {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			io.WriteString(c, tt.send) // may fail: the server has seen enough
			line, err := bufio.NewReader(c).ReadString('\n')
			if !strings.HasPrefix(line, tt.want) {
				t.Errorf("%s: answered %q, %v; want %q", tt.name, line, err, tt.want)
			}
		})
		resp, err := client.Post(url, "text/plain", strings.NewReader("four"))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	wg.Wait()
	client.CloseIdleConnections()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestServer_SeveralAddresses(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Wine has no Unix sockets")
	}
	s, url, client := serve(t, app(func(ctx context.Context, h *web.RequestHandler) error {
		return h.Text(h.Request.RemoteIP())
	}), eddy.Options{})
	path := filepath.Join(t.TempDir(), "socket")
	if _, err := s.Listen(t.Context(), "unix:"+path); err != nil {
		t.Fatal(err)
	}
	unix := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return net.Dial("unix", path)
	}}}
	defer unix.CloseIdleConnections()
	for want, c := range map[string]*http.Client{"127.0.0.1": client, "0.0.0.0": unix} {
		resp, err := c.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(got) != want {
			t.Errorf("remote IP %q, want %q", got, want)
		}
	}
	s.Close()
	if _, err := s.Listen(t.Context(), "127.0.0.1:0"); err == nil {
		t.Error("Listen after Close succeeded")
	}
}

func TestServer_CloseEndsAShutdown(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	s, url, client := serve(t, app(func(ctx context.Context, h *web.RequestHandler) error {
		close(entered)
		<-release
		return nil
	}), eddy.Options{})
	defer close(release)
	go client.Get(url)
	<-entered
	ended := make(chan error, 1)
	go func() { ended <- s.Shutdown(context.Background()) }()
	s.Close() // whichever comes first, neither waits for the handler
	<-ended
}

// logged makes a channel of a log's lines.
type logged chan string

func (l logged) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

func TestRun_DrainsWhenToldTo(t *testing.T) {
	tests := []struct {
		name string
		stop func(cancel context.CancelFunc)
	}{
		{"context", func(cancel context.CancelFunc) { cancel() }},
		{"signal", stopBySignal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.stop == nil {
				t.Skip("not on this system")
			}
			lines := make(logged, 100)
			defer slog.SetDefault(slog.Default())
			slog.SetDefault(slog.New(slog.NewTextHandler(lines, nil)))
			entered, release := make(chan struct{}), make(chan struct{})
			h := app(func(ctx context.Context, h *web.RequestHandler) error {
				close(entered)
				<-release
				return h.Text("finished")
			})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ran := make(chan error, 1)
			go func() { ran <- eddy.Run(ctx, "127.0.0.1:0", h) }()
			line := <-lines
			_, url, ok := strings.Cut(strings.TrimSpace(line), "url=")
			if !ok {
				t.Fatalf("the first log line has no URL: %q", line)
			}
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			answer := make(chan string, 1)
			go func() {
				resp, err := client.Get(url)
				if err != nil {
					answer <- err.Error()
					return
				}
				defer resp.Body.Close()
				b, _ := io.ReadAll(resp.Body)
				answer <- string(b)
			}()
			<-entered
			tt.stop(cancel)
			for { // until nobody accepts any more
				c, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/"))
				if err != nil {
					break
				}
				c.Close()
			}
			close(release)
			if got := <-answer; got != "finished" {
				t.Errorf("the busy request: %q", got)
			}
			if err := <-ran; err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
}

func TestRun_FailsClearly(t *testing.T) {
	if err := eddy.Run(t.Context(), "127.0.0.1:99999", http.NotFoundHandler()); err == nil || !strings.HasPrefix(err.Error(), "eddy: ") {
		t.Errorf("%v", err)
	}
}
