package httpclient_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"eddy/async"
	"eddy/httpclient"
	"eddy/internal/testcert"
)

// steps answers /STATUS with a redirect of that status to /end, which tells what came.
func steps(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if status := 0; r.URL.Path != "/end" {
		fmt.Sscanf(r.URL.Path, "/%d", &status)
		w.Header().Set("Location", "/end")
		w.WriteHeader(status)
		io.WriteString(w, "moved")
		return
	}
	h := r.Header
	w.Header().Set("Seen", fmt.Sprintf("%s %q %s %s %s", r.Method, body, h.Get("Content-Type"), h.Get("Content-Encoding"), h.Get("X-Own")))
}

// bodyKinds are requests with the same body, given in every way.
func bodyKinds(text string) map[string]*httpclient.Request {
	return map[string]*httpclient.Request{
		"Body":     {Body: []byte(text)},
		"seekable": {BodyReader: strings.NewReader(text), BodyLength: int64(len(text))},
		"once":     {BodyReader: struct{ io.Reader }{strings.NewReader(text)}},
		"producer": {BodyProducer: func(_ context.Context, w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		}},
	}
}

func TestRedirect_MethodsAndBodies(t *testing.T) {
	plain := newServer(t, steps)
	h2, config := newH2(t, steps)
	inBoth(t, func(t *testing.T, ctx context.Context) {
		c := newClient(t, httpclient.Options{TLS: config})
		for _, server := range []string{plain.URL, h2.URL} {
			for _, status := range []int{301, 302, 303, 307, 308} {
				for _, method := range []string{"POST", "PUT", "PATCH"} {
					for kind, r := range bodyKinds("body") {
						r.Method, r.URL = method, fmt.Sprintf("%s/%d", server, status)
						r.Header.Set("Content-Type", "text/x")
						r.Header.Set("Content-Encoding", "x-own")
						r.Header.Set("X-Own", "kept")
						resp, err := c.Do(ctx, r)
						want := method + ` "body" text/x x-own kept`
						toGet := status == 303 || status <= 302 && method == "POST"
						if toGet {
							want = `GET ""   kept`
						}
						switch {
						case kind == "once" && !toGet:
							if e, ok := errors.AsType[*httpclient.RedirectError](err); !ok || e.Response.Status != status {
								t.Errorf("%d of %s with a body that is gone: %v", status, method, err)
							}
						case err != nil:
							t.Errorf("%d of %s by %s: %v", status, method, kind, err)
						case resp.Header.Get("Seen") != want:
							t.Errorf("%d of %s by %s: %s, want %s", status, method, kind, resp.Header.Get("Seen"), want)
						case resp.URL != server+"/end" || len(resp.History) != 1 || resp.History[0].Status != status || resp.History[0].Body != nil:
							t.Errorf("%d: %s, %v", status, resp.URL, resp.History)
						}
					}
				}
				head := &httpclient.Request{Method: "HEAD", URL: fmt.Sprintf("%s/%d", server, status)}
				if got := fetched(t, ctx, c, head).Header.Get("Seen"); !strings.HasPrefix(got, `HEAD ""`) {
					t.Errorf("%d of HEAD: %s", status, got)
				}
			}
		}
	})
}

func TestRedirect_WhatIsNone(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/300", "/304":
			w.Header().Set("Location", "/end")
		case "/302": // without a Location
		case "/303":
			w.Header()["Location"] = []string{"", "/end"}
		}
		status := 0
		fmt.Sscanf(r.URL.Path, "/%d", &status)
		w.WriteHeader(status)
		if status != 304 {
			io.WriteString(w, "the body")
		}
	})
	inBoth(t, func(t *testing.T, ctx context.Context) {
		c := newClient(t, httpclient.Options{})
		for _, status := range []int{300, 302, 303, 304} {
			resp, err := c.Get(ctx, fmt.Sprintf("%s/%d", s.URL, status))
			if err != nil || resp.Status != status || len(resp.History) > 0 || status != 304 && string(resp.Body) != "the body" {
				t.Errorf("%d: %v, %+v", status, err, resp)
			}
		}
	})
}

// secrets is a server that tells which credentials came.
func secrets(w http.ResponseWriter, r *http.Request) {
	if to := r.URL.Query().Get("to"); to != "" {
		next, rest, _ := strings.Cut(to, " ")
		w.Header().Set("Location", next)
		if rest != "" {
			w.Header().Set("Location", next+"?to="+url.QueryEscape(rest))
		}
		w.WriteHeader(302)
		return
	}
	for _, name := range []string{"Authorization", "Cookie", "Proxy-Authorization"} {
		io.WriteString(w, r.Header.Get(name)+";")
	}
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		io.WriteString(w, "certificate")
	}
}

func TestRedirect_CredentialsStayAtTheirOrigin(t *testing.T) {
	authority := testcert.Shared()
	serve := func() *httptest.Server {
		s := httptest.NewUnstartedServer(http.HandlerFunc(secrets))
		s.TLS = authority.Server(t)
		s.TLS.ClientAuth = tls.RequestClientCert
		s.TLS.SetSessionTicketKeys([][32]byte{{1}}) // what one of them has agreed on goes on at the other
		s.StartTLS()
		t.Cleanup(s.Close)
		return s
	}
	a, b := serve(), serve()
	own := authority.Client()
	own.Certificates = []tls.Certificate{authority.Issue(t, "user")}
	own.ServerName, own.ClientSessionCache = "", tls.NewLRUClientSessionCache(8)
	withUser := strings.Replace(a.URL, "https://", "https://u:p@", 1)
	for _, test := range []struct {
		name, url string
		fields    func(r *httpclient.Request)
		want      string
	}{
		{"the URL's", withUser, nil, "Basic dTpw;;;"},
		{"the fields'", a.URL, func(r *httpclient.Request) { r.Username, r.Password = "u", "p" }, "Basic dTpw;;;"},
		{"both", withUser, func(r *httpclient.Request) { r.Username, r.Password = "v", "q" }, "Basic dTpw;;;"},
		{"Authorization", a.URL, func(r *httpclient.Request) { r.Header.Set("Authorization", "Bearer x") }, "Bearer x;;;"},
		{"Cookie", a.URL, func(r *httpclient.Request) { r.Header.Set("Cookie", "a=b") }, ";a=b;;"},
		{"Proxy-Authorization", a.URL, func(r *httpclient.Request) { r.Header.Set("Proxy-Authorization", "Basic x") }, ";;;"},
		{"certificate", a.URL, func(r *httpclient.Request) { r.TLS = own }, ";;;certificate"},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBoth(t, func(t *testing.T, ctx context.Context) {
				c := newClient(t, httpclient.Options{TLS: authority.Client()})
				for _, way := range []struct {
					to   string
					want string
				}{
					{"", test.want},
					{a.URL + "/again", test.want},
					{strings.Replace(a.URL, "https://", "https://x:y@", 1), test.want},
					{b.URL, ";;;"},
					{b.URL + " " + a.URL, ";;;"}, // and not given back
					{b.URL + " /same", ";;;"},
				} {
					r := &httpclient.Request{URL: test.url + "/?to=" + url.QueryEscape(way.to)}
					if test.fields != nil {
						test.fields(r)
					}
					resp := fetched(t, ctx, c, r)
					if string(resp.Body) != way.want {
						t.Errorf("to %q: %q, want %q", way.to, resp.Body, way.want)
					}
					if strings.Contains(resp.URL, "@") {
						t.Errorf("URL %s", resp.URL)
					}
				}
			})
		})
	}
}

func TestRedirect_IsRefused(t *testing.T) {
	authority := testcert.Shared()
	plain := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/loop" {
			http.Redirect(w, r, "/loop", http.StatusFound)
		}
	})
	s := httptest.NewUnstartedServer(nil)
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, plain.URL, http.StatusFound) })
	s.TLS = authority.Server(t)
	s.StartTLS()
	t.Cleanup(s.Close)
	boom := errors.New("boom")
	inBoth(t, func(t *testing.T, ctx context.Context) {
		o := httpclient.Options{TLS: authority.Client()}
		_, err := newClient(t, o).Get(ctx, s.URL)
		if !errors.Is(err, httpclient.ErrDowngrade) {
			t.Error("downgrade:", err)
		}
		o.AllowDowngrade = true
		if resp := fetched(t, ctx, newClient(t, o), &httpclient.Request{URL: s.URL}); resp.URL != plain.URL {
			t.Error("downgrade allowed:", resp.URL)
		}
		_, err = newClient(t, o).Get(ctx, plain.URL+"/loop")
		e, ok := errors.AsType[*httpclient.RedirectError](err)
		if !ok || !errors.Is(err, httpclient.ErrTooManyRedirects) || len(e.Response.History) != httpclient.DefaultMaxRedirects || e.Response.Status != 302 {
			t.Error("loop:", err)
		}
		if e, ok := errors.AsType[*httpclient.Error](err); !ok || e.Phase != httpclient.PhaseRedirect {
			t.Error("loop:", err)
		}
		for _, most := range []int{-1, 1} {
			resp, err := newClient(t, o).Do(ctx, &httpclient.Request{URL: plain.URL + "/loop", MaxRedirects: most})
			if most < 0 && (err != nil || resp.Status != 302 || len(resp.Body) == 0) || most > 0 && !errors.Is(err, httpclient.ErrTooManyRedirects) {
				t.Errorf("MaxRedirects %d: %v", most, err)
			}
		}
		o.CheckRedirect = func(r *httpclient.Redirect) error {
			if r.URL.User != nil || r.Method != "GET" || r.Response.Status != 302 || !r.Foreign {
				t.Errorf("%+v", r)
			}
			return boom
		}
		secret := strings.Replace(s.URL, "https://", "https://u:p@", 1)
		if _, err = newClient(t, o).Get(ctx, secret); !errors.Is(err, boom) || strings.Contains(err.Error(), "u:p") {
			t.Error("CheckRedirect:", err)
		}
		o.CheckRedirect = func(r *httpclient.Redirect) error { panic(boom) }
		o.MaxClients = 1
		c := newClient(t, o)
		for range 2 { // a place that was lost would be missed
			if _, err := c.Do(ctx, &httpclient.Request{URL: s.URL}); !errorIs[*async.PanicError](err) {
				t.Error("CheckRedirect that panics:", err)
			}
		}
	})
}

func errorIs[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

// A response that redirects keeps neither a place in the queue nor the fetch, however long it is.
func TestRedirect_BodiesAreNotWaitedFor(t *testing.T) {
	var conns atomic.Int32
	hold := make(chan struct{})
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/end" {
			return
		}
		w.Header().Set("Location", "/end")
		w.WriteHeader(302)
		switch r.URL.Path {
		case "/short":
			io.WriteString(w, "short")
		case "/stalls":
			io.WriteString(w, "stalls")
			w.(http.Flusher).Flush()
			select {
			case <-hold:
			case <-r.Context().Done():
			}
		case "/endless":
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 10_000)); err != nil {
					return
				}
			}
		}
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	defer close(hold)
	inBoth(t, func(t *testing.T, ctx context.Context) {
		for path, want := range map[string]int32{"/short": 1, "/stalls": 2, "/endless": 2} {
			conns.Store(0)
			c := newClient(t, httpclient.Options{MaxClients: 1, MaxPerHost: 1, QueueTimeout: 30 * time.Second})
			called := 0
			r := &httpclient.Request{
				URL:               s.URL + path,
				RequestTimeout:    30 * time.Second,
				StreamingCallback: func(context.Context, []byte) error { called++; return nil },
				HeaderCallback: func(_ context.Context, r *httpclient.Response) error {
					if r.Status != 200 {
						t.Errorf("HeaderCallback with status %d", r.Status)
					}
					return nil
				},
			}
			resp := fetched(t, ctx, c, r)
			if got := conns.Load(); got != want {
				t.Errorf("%s: %d connections, want %d", path, got, want)
			}
			if called != 0 {
				t.Errorf("%s: StreamingCallback was called %d times", path, called)
			}
			if resp.Time.Redirect <= 0 || resp.Time.Redirect > resp.Time.StartTransfer || resp.Time.StartTransfer > resp.Time.Total {
				t.Errorf("%s: %+v", path, resp.Time)
			}
			if want == 1 && resp.Time.Connect != 0 {
				t.Errorf("%s: the last connection was not new: %+v", path, resp.Time)
			}
			c.Close()
		}
	})
}

// seekReader is a body whose reading takes a while.
type seekReader struct {
	*strings.Reader
	busy atomic.Int32
	t    *testing.T
}

func (r *seekReader) Read(p []byte) (int, error) {
	if r.busy.Add(1) > 1 {
		r.t.Error("read by two at once")
	}
	defer r.busy.Add(-1)
	return r.Reader.Read(p[:min(len(p), 1000)])
}

func (r *seekReader) Seek(offset int64, whence int) (int64, error) {
	if r.busy.Load() > 0 {
		r.t.Error("moved while it is read")
	}
	return r.Reader.Seek(offset, whence)
}

// A server that redirects before it has read the body does not make two read it at once.
func TestRedirect_BodyIsReadByOneAtATime(t *testing.T) {
	const size = 3_000_000
	handler := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/end" {
			w.Header().Set("Location", "/end")
			w.WriteHeader(307)
			return
		}
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n)
	}
	plain := newServer(t, handler)
	h2, config := newH2(t, handler)
	inBoth(t, func(t *testing.T, ctx context.Context) {
		c := newClient(t, httpclient.Options{TLS: config})
		for _, server := range []string{plain.URL, h2.URL} {
			body := &seekReader{Reader: strings.NewReader(strings.Repeat("x", size)), t: t}
			resp, err := c.Do(ctx, &httpclient.Request{Method: "PUT", URL: server, BodyReader: body, BodyLength: size})
			if errors.Is(err, httpclient.ErrCut) && server == plain.URL {
				continue // net/http has closed before its answer was read
			}
			if err != nil || string(resp.Body) != fmt.Sprint(size) {
				t.Errorf("%v, %+v", err, resp)
			}
		}
	})
}
