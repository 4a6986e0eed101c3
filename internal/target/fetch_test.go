package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"eddy"
	"eddy/httpclient"
	"eddy/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// upstream answers each connection's one request with what answer returns for its path, as it is, and closes.
func upstream(t *testing.T, answer func(path string) string) (base string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				c.SetDeadline(time.Now().Add(20 * time.Second))
				if r, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
					io.WriteString(c, answer(r.URL.Path))
				}
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	return "http://" + l.Addr().String()
}

func TestFetchCases_InOrderAndEachAlone(t *testing.T) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	base := upstream(t, func(path string) string {
		i, err := strconv.Atoi(strings.TrimPrefix(path, "/case/"))
		switch {
		case err != nil:
			return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
		case i%10 == 3: // more than was announced: poison for who comes next
			return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
		case i%10 == 5:
			return "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut"
		case i%10 == 6:
			return "no HTTP at all\r\n\r\n"
		case i%10 == 4:
			return "HTTP/1.1 302 Found\r\nLocation: " + map[bool]string{true: "/case/1", false: "http://127.0.0.2:1/"}[i > 50] + "\r\nContent-Length: 5\r\n\r\nmoved"
		case i%10 == 7:
			return "HTTP/1.1 204 No Content\r\n\r\n"
		case i%10 == 8:
			return fmt.Sprintf("HTTP/1.1 418 Teapot\r\nContent-Length: 256\r\n\r\n%s", every)
		}
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\ncase %d", len(fmt.Sprint("case ", i)), i)
	})
	const n = 100
	var out bytes.Buffer
	if err := runFetchCases(t.Context(), &out, []string{base + "/", fmt.Sprint(n)}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != n {
		t.Fatalf("%d lines", len(lines))
	}
	for i, line := range lines {
		var got map[string]any
		if err := json.Unmarshal([]byte(line), &got); err != nil || got["i"] != float64(i) {
			t.Fatalf("line %d: %s, %v", i, line, err)
		}
		want := map[string]any{"i": float64(i), "ok": true, "status": 200.0, "body": fmt.Sprint("case ", i)}
		switch i % 10 {
		case 3:
			want["body"] = "ok"
		case 5, 6:
			if text, _ := got["error"].(string); got["ok"] != false || text == "" || got["body"] != nil || got["status"] != nil {
				t.Errorf("line %d: %s", i, line)
			}
			continue
		case 4: // a redirect is followed to the same host alone
			if want["body"] = "case 1"; i < 50 {
				want["status"], want["body"] = 302.0, "moved"
			}
		case 7:
			want["status"], want["body"] = 204.0, ""
		case 8:
			want["status"], want["body"] = 418.0, latin1(every)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("line %d: %s", i, line)
		}
	}
}

func TestLatin1_KeepsBytes(t *testing.T) {
	for i := range 256 {
		if got := []rune(latin1([]byte{byte(i)})); len(got) != 1 || got[0] != rune(i) {
			t.Errorf("%#x is %q", i, string(got))
		}
	}
}

func TestFetchCases_Refuses(t *testing.T) {
	for _, args := range [][]string{{}, {"http://127.0.0.1"}, {"http://127.0.0.1", "x"}, {"http://127.0.0.1", "-1"}, {"a", "1", "2"}} {
		var out bytes.Buffer
		if err := runFetchCases(t.Context(), &out, args); err == nil || out.Len() > 0 {
			t.Errorf("%q: %q, %v", args, out.String(), err)
		}
	}
}

// serve returns the address of the application.
func serve(t *testing.T, o httpclient.Options) string {
	t.Helper()
	client := httpclient.New(o)
	app, err := newApplication("", client)
	if err != nil {
		t.Fatal(err)
	}
	s, err := eddy.New(app, eddy.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		s.Close()
	})
	addr, err := s.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + addr.String()
}

func TestFetch_PassesOn(t *testing.T) {
	conns := map[string]int{}
	var mu sync.Mutex
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		conns[r.RemoteAddr]++
		mu.Unlock()
		w.Header().Set("Content-Type", "text/x-it")
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "for "+r.URL.RequestURI())
	}))
	defer up.Close()
	base := serve(t, httpclient.Options{})
	client := &http.Client{Transport: new(http.Transport)} // one connection, and so one loop
	defer client.CloseIdleConnections()
	for i := range 10 {
		want := fmt.Sprint("/a?b=", i)
		resp, err := client.Get(base + "/fetch?url=" + url.QueryEscape(up.URL+want))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusTeapot || string(body) != "for "+want || err != nil || resp.Header.Get("Content-Type") != "text/x-it" {
			t.Errorf("%d %q, %v, %v", resp.StatusCode, body, err, resp.Header)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(conns) != 1 {
		t.Errorf("ten requests came over %d connections", len(conns))
	}
}

func TestFetch_FailuresHaveAPhase(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // connects, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	cut := upstream(t, func(string) string { return "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\ncut" })
	other := upstream(t, func(string) string {
		return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"
	})
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	base := serve(t, httpclient.Options{RequestTimeout: 200 * time.Millisecond})
	client := &http.Client{Transport: new(http.Transport)}
	defer client.CloseIdleConnections()
	for _, c := range []struct {
		url    string
		status int
		phase  string
	}{
		{"ftp://127.0.0.1/", 502, "request"},
		{"http://" + nobody.Addr().String(), 502, "connect"},
		{"http://" + silent.Addr().String(), 504, "head"},
		{other, 502, "head"},
		{cut, 502, ""}, // head or body: both are true
	} {
		resp, err := client.Get(base + "/fetch?url=" + url.QueryEscape(c.url))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != c.status || !strings.Contains(string(body), c.phase) || len(body) == 0 {
			t.Errorf("%s: %d %q", c.url, resp.StatusCode, body)
		}
	}
	resp, err := client.Get(base + "/fetch")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 400 {
		t.Errorf("no URL: %d", resp.StatusCode)
	}
}
