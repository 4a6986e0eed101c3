package eddy_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"eddy"
	"eddy/http1"
	"eddy/httpserver"
	"eddy/httputil"
	"eddy/internal/testdir"
	"eddy/tcp"
	"eddy/web"
)

// nginxMain is what surrounds the lines of docs/proxies.md. The user counts if the tests are run by root only.
const nginxMain = `daemon off; user root; worker_processes 1; error_log stderr; pid %[1]s/pid;
events { worker_connections 256; }
http {
	access_log off;
	client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
	%[2]s
}`

var nginxBlock = regexp.MustCompile("(?s)\n```nginx\n(.*?)\n```\n")

// nginx runs it in front of upstream until the test ends, with the configuration of docs/proxies.md, and
// returns its address.
func nginx(t *testing.T, upstream string) string {
	t.Helper()
	page, err := os.ReadFile("docs/proxies.md")
	if err != nil {
		t.Fatal(err)
	}
	found := nginxBlock.FindSubmatch(page)
	if found == nil {
		t.Fatal("docs/proxies.md has no configuration")
	}
	// The socket is made here and inherited, which nginx does in its own upgrades. So the port is
	// free, and who connects before nginx is ready waits.
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	addr, dir := l.Addr().String(), testdir.New(t)
	config := strings.NewReplacer("127.0.0.1:8888", upstream, "listen 80", "listen "+addr).Replace(string(found[1]))
	name := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(name, fmt.Appendf(nil, nginxMain, dir, config), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.Command("nginx", "-p", dir, "-e", "stderr", "-c", name)
	cmd.Env = append(os.Environ(), "NGINX=3;")
	cmd.ExtraFiles = []*os.File{f}
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		if t.Failed() {
			t.Logf("nginx says:\n%s", log.String())
		}
	})
	return addr
}

const nginxBodyLimit = 128 << 10

// backend is the application behind nginx.
type backend struct {
	step  chan struct{} // lets a handler go on
	mu    sync.Mutex
	ports map[netip.AddrPort]bool // the addresses that nginx came from
}

func (b *backend) app() *web.Application {
	return web.NewApplicationWith(web.Settings{Logger: quiet, MaxBody: nginxBodyLimit},
		web.Func("/who", b.who), web.Func("/upload", b.upload), web.Func("/stream", b.stream),
		web.Func("/read", b.read), web.Func("/refuse", b.refuse))
}

func (b *backend) who(ctx context.Context, h *web.RequestHandler) error {
	b.mu.Lock()
	b.ports[h.Request.Conn.RemoteAddr()] = true
	b.mu.Unlock()
	return h.Text(h.Request.RemoteIP() + " " + h.Request.Protocol + " " + h.Request.Host)
}

// upload says when the first bytes have come, and counts all.
func (b *backend) upload(ctx context.Context, h *web.RequestHandler) error {
	n, err := h.Request.Body.Read(make([]byte, 1000))
	if err != nil {
		return err
	}
	b.step <- struct{}{}
	rest, err := io.Copy(io.Discard, h.Request.Body)
	if err != nil {
		return err
	}
	return h.Text(fmt.Sprint(int64(n) + rest))
}

func (b *backend) stream(ctx context.Context, h *web.RequestHandler) error {
	h.SetHeader("X-Accel-Buffering", "no")
	for _, piece := range []string{"one", "two"} {
		io.WriteString(h, piece)
		if err := h.Flush(ctx); err != nil {
			return err
		}
		b.step <- struct{}{}
	}
	return nil
}

func (b *backend) read(ctx context.Context, h *web.RequestHandler) error {
	_, err := h.Body(ctx)
	return err
}

func (b *backend) refuse(ctx context.Context, h *web.RequestHandler) error {
	return web.Errorf(http.StatusForbidden, "no uploads today")
}

// nginxFront runs nginx in front of a server of b.
func nginxFront(t *testing.T, b *backend, unix bool) (front string) {
	networks, err := httputil.ParseNetworks("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	proxies := &httputil.Proxies{Trusted: networks, AddrField: "X-Forwarded-For", ProtocolField: "X-Forwarded-Proto"}
	listen := "127.0.0.1:0"
	if unix {
		listen = "unix:" + filepath.Join(testdir.New(t), "http.sock")
		proxies.Trusted, proxies.Unix = nil, true
	}
	s, err := eddy.New(b.app(), eddy.Options{Logger: quiet, HTTP: httpserver.Options{Proxies: proxies, Limits: http1.Limits{Body: nginxBodyLimit}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	l, err := tcp.Listen(t.Context(), listen, tcp.ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(l); err != nil {
		t.Fatal(err)
	}
	if unix {
		return nginx(t, listen)
	}
	return nginx(t, l.Addr().String())
}

func TestNginx_InFrontOfEddy(t *testing.T) {
	if _, err := exec.LookPath("nginx"); err != nil || runtime.GOOS != "linux" {
		t.Skip("nginx is not installed (package nginx-light)")
	}
	for _, unix := range []bool{false, true} {
		t.Run(map[bool]string{false: "TCP", true: "Unix"}[unix], func(t *testing.T) {
			b := &backend{step: make(chan struct{}), ports: map[netip.AddrPort]bool{}}
			front := nginxFront(t, b, unix)
			// The client has another address than nginx, which is trusted.
			dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
			client := &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: 16}}
			t.Cleanup(client.CloseIdleConnections)
			n := &nginxTest{client: client, url: "http://" + front, backend: b}
			t.Run("addresses", n.addresses)
			t.Run("uploads", n.uploads)
			t.Run("early answers", n.earlyAnswers)
			t.Run("streaming", n.streaming)
			t.Run("keep-alive", n.keepAlive)
		})
	}
}

type nginxTest struct {
	client  *http.Client
	url     string
	backend *backend
}

func (n *nginxTest) do(t *testing.T, method, path string, body io.Reader, fields ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, n.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(fields); i += 2 {
		req.Header.Add(fields[i], fields[i+1])
	}
	resp, err := n.client.Do(req)
	if err != nil {
		t.Errorf("%s %s: %v", method, path, err)
		return 0, ""
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Errorf("%s %s: %v", method, path, err)
	}
	return resp.StatusCode, string(text)
}

func (n *nginxTest) addresses(t *testing.T) {
	for _, fields := range [][]string{
		nil,
		{"X-Forwarded-For", "192.0.2.66", "X-Forwarded-Proto", "https", "X-Real-Ip", "192.0.2.66"},
		{"X-Forwarded-For", "192.0.2.66", "X-Forwarded-For", `", 192.0.2.66, 127.0.0.1`, "Forwarded", "for=192.0.2.66;proto=https"},
	} {
		if status, got := n.do(t, "GET", "/who", nil, fields...); status != 200 || got != "127.0.0.2 http 127.0.0.1" {
			t.Errorf("%q: %d %q", fields, status, got)
		}
	}
}

// uploads come as the client sends them.
func (n *nginxTest) uploads(t *testing.T) {
	for _, chunked := range []bool{false, true} {
		const size = 100_000
		in, out := io.Pipe()
		go func() {
			io.WriteString(out, strings.Repeat("x", 1000))
			<-n.backend.step // the handler has some of it
			io.WriteString(out, strings.Repeat("x", size-1000))
			out.Close()
		}()
		req, err := http.NewRequestWithContext(t.Context(), "POST", n.url+"/upload", in)
		if err != nil {
			t.Fatal(err)
		}
		if !chunked {
			req.ContentLength = size
		}
		resp, err := n.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(got) != fmt.Sprint(size) || err != nil {
			t.Errorf("chunked %v: %d %q, %v", chunked, resp.StatusCode, got, err)
		}
	}
}

// earlyAnswers reach clients that are still sending.
func (n *nginxTest) earlyAnswers(t *testing.T) {
	for _, tt := range []struct {
		path   string
		size   int
		chunks bool
		status int
	}{
		{"/read", nginxBodyLimit + 1, false, 413},
		{"/read", 200_000, true, 413},
		{"/refuse", nginxBodyLimit, false, 403},
		{"/refuse", 200_000, true, 403},
	} {
		for range 5 {
			body := io.Reader(strings.NewReader(strings.Repeat("x", tt.size)))
			if tt.chunks {
				body = io.MultiReader(body) // whose length the client does not know
			}
			// nginx closes a connection whose request it has not read to its end.
			if status, text := n.do(t, "POST", tt.path, body, "Connection", "close"); status != tt.status {
				t.Errorf("%s, chunks %v: %d %.100q, want %d", tt.path, tt.chunks, status, text, tt.status)
			}
		}
	}
}

// streaming: each piece arrives before the next one is written.
func (n *nginxTest) streaming(t *testing.T) {
	req, err := http.NewRequestWithContext(t.Context(), "GET", n.url+"/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := n.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for _, want := range []string{"one", "two"} {
		got := make([]byte, len(want))
		if _, err := io.ReadFull(resp.Body, got); string(got) != want || err != nil {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
		<-n.backend.step
	}
	if rest, err := io.ReadAll(resp.Body); len(rest) > 0 || err != nil && !errors.Is(err, io.EOF) {
		t.Errorf("%q, %v", rest, err)
	}
}

func (n *nginxTest) keepAlive(t *testing.T) {
	const clients, requests = 10, 100
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for range requests {
				if status, got := n.do(t, "GET", "/who", nil); status != 200 {
					t.Errorf("%d %q", status, got)
					return
				}
			}
		})
	}
	all.Wait()
	n.backend.mu.Lock()
	defer n.backend.mu.Unlock()
	if n := len(n.backend.ports); n == 0 || n > 4*clients {
		t.Errorf("%d connections for %d requests by %d clients", n, clients*requests, clients)
	}
}
