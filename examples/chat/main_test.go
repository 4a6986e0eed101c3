package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"eddy"
	"eddy/internal/leaktest"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the access log
	leaktest.Main(m)
}

// site is a chat on a server of its own.
type site struct {
	t      *testing.T
	room   *room
	server *eddy.Server
	url    string
	client http.Client
}

func open(t *testing.T) *site {
	r := newRoom()
	server, err := newServer(r)
	if err != nil {
		t.Fatal(err)
	}
	addr, err := server.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	transport := new(http.Transport)
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	return &site{t, r, server, "http://" + addr.String(), http.Client{Transport: transport}}
}

// do returns the status and the body of an answer.
func (s *site) do(ctx context.Context, method, path, contentType, body string) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), err
}

func (s *site) say(text string) {
	s.t.Helper()
	body, _ := json.Marshal(map[string]string{"name": "Ada", "text": text})
	status, answer, err := s.do(s.t.Context(), "POST", "/messages", "application/json", string(body))
	var m Message
	if err != nil || status != http.StatusCreated || json.Unmarshal([]byte(answer), &m) != nil || m.Text != text {
		s.t.Fatalf("status %d, %s, %v", status, answer, err)
	}
}

// result is the end of a poll.
type result struct {
	update
	err error
}

// poll asks for what is new, in the background.
func (s *site) poll(ctx context.Context, client string, c cursor) <-chan result {
	done := make(chan result, 1)
	go func() {
		path := fmt.Sprintf("/messages?client=%s&epoch=%s&after=%d", client, c.epoch, c.after)
		if c.present >= 0 {
			path += fmt.Sprint("&present=", c.present)
		}
		status, body, err := s.do(ctx, "GET", path, "", "")
		r := result{err: err}
		if err == nil && status != http.StatusOK {
			r.err = fmt.Errorf("status %d: %s", status, body)
		}
		if r.err == nil {
			r.err = json.Unmarshal([]byte(body), &r.update)
		}
		done <- r
	}()
	return done
}

// until lets others run until ok.
func (s *site) until(what string, ok func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); runtime.Gosched() {
		if time.Now().After(deadline) {
			s.t.Fatal("never happened: ", what)
		}
	}
}

func (s *site) untilWaiting(n int) {
	s.t.Helper()
	s.until(fmt.Sprint(n, " polls wait"), func() bool { return s.room.changed.Waiters() == n })
}

func (s *site) untilPolls(client string, n int) {
	s.t.Helper()
	s.until(fmt.Sprint(client, " has ", n, " polls"), func() bool {
		s.room.mu.Lock()
		defer s.room.mu.Unlock()
		return s.room.presence.clients[client].polls == n
	})
}

func TestChat_AMessageReachesAWaitingPoll(t *testing.T) {
	s := open(t)
	poll := s.poll(t.Context(), "ann", cursor{present: -1})
	s.untilWaiting(1)
	s.say("hello")
	got := <-poll
	if got.err != nil || len(got.Messages) != 1 || got.Messages[0].Text != "hello" || got.Messages[0].Name != "Ada" {
		t.Fatalf("%+v", got)
	}
	if got.Last != 1 || got.Present != 1 || got.Gap || got.Epoch != s.room.epoch {
		t.Errorf("%+v", got)
	}
}

func TestChat_FiftyPolls(t *testing.T) {
	const clients, rounds = 50, 3
	s := open(t)
	for round := range rounds {
		var polls [clients]<-chan result
		for i := range polls {
			polls[i] = s.poll(t.Context(), fmt.Sprint("client", i), cursor{s.room.epoch, int64(round), -1})
		}
		s.untilWaiting(clients)
		text := fmt.Sprint("round ", round)
		s.say(text)
		for i, poll := range polls {
			got := <-poll
			if got.err != nil || len(got.Messages) != 1 || got.Messages[0].Text != text || got.Present != clients {
				t.Fatalf("client %d, round %d: %+v", i, round, got)
			}
		}
	}
}

func TestChat_WhoLeavesIsCountedOut(t *testing.T) {
	s := open(t)
	ctx, leave := context.WithCancel(t.Context())
	bob := s.poll(ctx, "bob", cursor{present: -1})
	s.untilWaiting(1)
	ann := s.poll(t.Context(), "ann", cursor{present: 2})
	s.untilWaiting(2)

	leave()
	<-bob
	s.untilPolls("bob", 0)
	s.room.sweep(time.Now().Add(grace - time.Second))
	s.untilWaiting(1) // ann has not been told yet
	s.room.sweep(time.Now().Add(grace))
	if got := <-ann; got.err != nil || got.Present != 1 {
		t.Errorf("%+v", got)
	}
}

func TestChat_WhoComesIsShown(t *testing.T) {
	s := open(t)
	ann := s.poll(t.Context(), "ann", cursor{present: 1})
	s.untilWaiting(1)
	bob := s.poll(t.Context(), "bob", cursor{present: 0})
	for name, poll := range map[string]<-chan result{"ann": ann, "bob": bob} {
		if got := <-poll; got.err != nil || got.Present != 2 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestChat_Refusals(t *testing.T) {
	s := open(t)
	const kind = "application/json"
	message := func(name, text string) string { return fmt.Sprintf(`{"name":%q,"text":%q}`, name, text) }
	for _, tc := range []struct {
		what, method, path, kind, body string
		status                         int
		contains                       string
	}{
		{"no text", "POST", "/messages", kind, `{"name":"Ada"}`, 400, "The message is empty."},
		{"a long text", "POST", "/messages", kind, message("Ada", strings.Repeat("x", 2001)), 400, "2000 characters"},
		{"a long name", "POST", "/messages", kind, message(strings.Repeat("x", 41), "hello"), 400, "40 characters"},
		{"no JSON", "POST", "/messages", kind, `{"name":`, 400, `"error"`},
		{"a wrong type", "POST", "/messages", kind, `{"name":1,"text":"x"}`, 400, `"error"`},
		{"a form", "POST", "/messages", "application/x-www-form-urlencoded", "text=hello", 415, `"error"`},
		{"a large body", "POST", "/messages", kind, message("Ada", strings.Repeat("x", 16<<10)), 413, `"error"`},
		{"another method", "PUT", "/messages", kind, message("Ada", "hello"), 405, `"error"`},
		{"no client", "GET", "/messages?after=0", "", "", 400, `"error"`},
		{"a long client", "GET", "/messages?client=" + strings.Repeat("x", 65), "", "", 400, "64 bytes"},
		{"a negative cursor", "GET", "/messages?client=x&after=-1", "", "", 400, "whole number"},
		{"a cursor that is no number", "GET", "/messages?client=x&after=1e3", "", "", 400, "whole number"},
		{"a huge count", "GET", "/messages?client=x&present=99999999999999999999", "", "", 400, "whole number"},
		{"an unknown path", "GET", "/other", "", "", 404, ""},
	} {
		t.Run(tc.what, func(t *testing.T) {
			status, body, err := s.do(t.Context(), tc.method, tc.path, tc.kind, tc.body)
			if err != nil || status != tc.status || !strings.Contains(body, tc.contains) {
				t.Errorf("status %d, %s, %v; want %d with %s", status, body, err, tc.status, tc.contains)
			}
		})
	}
	if u, _ := s.room.since(cursor{}); u.Last != 0 || u.Present != 0 {
		t.Errorf("something was accepted: %+v", u)
	}
}

func TestChat_Files(t *testing.T) {
	s := open(t)
	for path, kind := range map[string]string{
		"/": "text/html", "/chat.css": "text/css", "/chat.js": "text/javascript", "/icon.svg": "image/svg+xml",
	} {
		resp, err := s.client.Get(s.url + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != 200 || len(body) == 0 {
			t.Errorf("%s: status %d, %d bytes, %v", path, resp.StatusCode, len(body), err)
		}
		if got := resp.Header.Get("Content-Type"); !strings.HasPrefix(got, kind) {
			t.Errorf("%s: type %q", path, got)
		}
		if got := resp.Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'self';") {
			t.Errorf("%s: policy %q", path, got)
		}
		if bytes.Contains(body, []byte("innerHTML")) {
			t.Errorf("%s: messages must be shown as text", path)
		}
	}
}

// TestChat_Shutdown has polls that would wait for long.
func TestChat_Shutdown(t *testing.T) {
	const clients = 10
	s := open(t)
	var polls [clients]<-chan result
	for i := range polls {
		polls[i] = s.poll(t.Context(), fmt.Sprint("client", i), cursor{present: -1})
	}
	s.untilWaiting(clients)
	begin := time.Now()
	if err := s.server.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if took := time.Since(begin); took > pollTime/2 {
		t.Errorf("it took %v", took)
	}
	for _, poll := range polls {
		if got := <-poll; got.err != nil || got.Messages == nil || len(got.Messages) > 0 {
			t.Errorf("%+v", got)
		}
	}
}
