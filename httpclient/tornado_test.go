package httpclient_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"eddy/http1"
	"eddy/httpclient"
	"eddy/internal/testcert"
	"eddy/tcp"
)

// What Tornado's client promises, and no other test is about.

func TestHeader(t *testing.T) {
	h := httpclient.Header("a", "1", "B", "2", "Empty", "", "a", "3")
	if got := h.Text(); got != "A: 1\r\nB: 2\r\nA: 3\r\n" {
		t.Errorf("%q", got)
	}
	if h := httpclient.Header(); h.Len() != 0 {
		t.Error(h)
	}
	defer func() {
		if recover() == nil {
			t.Error("a name without a value")
		}
	}()
	httpclient.Header(strings.Fields("a b c")...)
}

func TestClient_Posts(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %q %s", r.Method, r.Header["Content-Type"], text)
	})
	inBoth(t, func(t *testing.T, ctx context.Context) {
		c := newClient(t, httpclient.Options{})
		form := url.Values{"b": {"x y"}, "a": {"&", "ä"}}
		for want, post := range map[string]func() (*httpclient.Response, error){
			`POST ["application/json"] {}`:                                      func() (*httpclient.Response, error) { return c.Post(ctx, s.URL, "application/json", []byte("{}")) },
			`POST ["application/x-www-form-urlencoded"] a=%26&a=%C3%A4&b=x+y`:   func() (*httpclient.Response, error) { return c.PostForm(ctx, s.URL, form) },
			`POST ["application/x-www-form-urlencoded"] `:                       func() (*httpclient.Response, error) { return c.PostForm(ctx, s.URL, nil) },
			`POST ["application/x-www-form-urlencoded"] of the default's type `: func() (*httpclient.Response, error) { return c.Post(ctx, s.URL, "", []byte("of the default's type")) },
			`POST [] `: func() (*httpclient.Response, error) { return c.Post(ctx, s.URL, "", nil) },
		} {
			if resp, err := post(); err != nil || strings.TrimSpace(string(resp.Body)) != strings.TrimSpace(want) {
				t.Errorf("%v, %+v, want %s", err, resp, want)
			}
		}
		_, err := c.Post(ctx, s.URL, "a\r\nb: c", nil)
		if e, ok := err.(*httpclient.Error); !ok || e.Phase != httpclient.PhaseRequest {
			t.Errorf("%T %v", err, err)
		}
	})
}

// A value of the request goes before one of the client, and that before the default (HCL-05).
func TestRequest_GoesBeforeOptions(t *testing.T) {
	const none = -1
	for _, c := range []struct {
		name    string
		options httpclient.Options
		request httpclient.Request
		answer  string
		want    error // nil: the response is a result
	}{
		{"the default's time", httpclient.Options{}, httpclient.Request{ReadTimeout: none}, "", &httpclient.TimeoutError{Limit: "RequestTimeout", After: 20 * time.Second}},
		{"the client's time", httpclient.Options{RequestTimeout: 2 * time.Second}, httpclient.Request{}, "", &httpclient.TimeoutError{Limit: "RequestTimeout", After: 2 * time.Second}},
		{"the request's time", httpclient.Options{RequestTimeout: 2 * time.Second}, httpclient.Request{RequestTimeout: time.Second}, "", &httpclient.TimeoutError{Limit: "RequestTimeout", After: time.Second}},
		{"no time of the request", httpclient.Options{RequestTimeout: 2 * time.Second, ReadTimeout: 3 * time.Second}, httpclient.Request{RequestTimeout: none}, "", &httpclient.TimeoutError{Limit: "ReadTimeout", After: 3 * time.Second}},
		{"no time of the client", httpclient.Options{RequestTimeout: none, ReadTimeout: none}, httpclient.Request{ReadTimeout: time.Second}, "", &httpclient.TimeoutError{Limit: "ReadTimeout", After: time.Second}},
		{"the client's size", httpclient.Options{MaxBody: 1}, httpclient.Request{}, ok, httpclient.ErrBodyTooLarge},
		{"the request's size", httpclient.Options{MaxBody: 9}, httpclient.Request{MaxBody: 1}, ok, httpclient.ErrBodyTooLarge},
		{"the request's larger size", httpclient.Options{MaxBody: 1}, httpclient.Request{MaxBody: 9}, ok, nil},
		{"no size of the request", httpclient.Options{MaxBody: 1}, httpclient.Request{MaxBody: none}, ok, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			onFakeNet(t, c.options, func(n *fakeNet) {
				c.request.URL = server
				done := n.do(context.Background(), &c.request)
				if c.answer != "" {
					n.answer(c.answer)
				}
				r := <-done
				if c.want == nil && (r.err != nil || r.resp.Status != 200) {
					t.Error(r.err)
				} else if c.want != nil {
					failsIn(t, r.err, httpclient.PhaseHead, c.want) // a length tells at once
				}
			})
		})
	}
	onFakeNet(t, httpclient.Options{UserAgent: "client", MaxRedirects: -1}, func(n *fakeNet) {
		for want, agent := range map[string]string{"User-Agent: client\r\n": "", "User-Agent: request\r\n": "request"} {
			done := n.do(context.Background(), &httpclient.Request{URL: server, UserAgent: agent, NoDecompress: true})
			n.answer(ok)
			n.good(done, "ok")
			if got := n.last().Take(); !strings.Contains(got, want) || strings.Contains(got, "Accept-Encoding") {
				t.Errorf("%q", got)
			}
		}
		const away = "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
		done := n.get("/a")
		n.answer(away)
		if r := <-done; r.err != nil || r.resp.Status != 302 {
			t.Errorf("%+v", r)
		}
		done = n.do(context.Background(), &httpclient.Request{URL: server + "/a", MaxRedirects: 1})
		n.answer(away)
		n.answer(ok)
		n.good(done, "ok")
	})
}

// Which methods there are, and which have bodies (SHC-03): none is asked for, as Tornado does, and DELETE and OPTIONS may
// have one.
func TestRequest_Methods(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Seen", fmt.Sprintf("%s %s", r.Method, body))
	})
	c := newClient(t, httpclient.Options{})
	for method, allowed := range map[string]string{
		"GET": "none", "HEAD": "none", "TRACE": "none",
		"POST": "both", "PUT": "both", "PATCH": "both", "DELETE": "both", "OPTIONS": "both",
		"PROPFIND": "", "get": "", "Get": "", "CONNECT ": "", "A B": "", "ä": "",
	} {
		for _, body := range []string{"", "body"} {
			for _, all := range []bool{false, true} {
				resp, err := c.Do(context.Background(), &httpclient.Request{Method: method, URL: s.URL, Body: []byte(body), AllowNonstandardMethods: all})
				token := !strings.ContainsAny(method, " ä")
				if good := allowed == "both" || allowed == "none" && body == "" || all && token; !good {
					if e, ok := err.(*httpclient.Error); !ok || e.Phase != httpclient.PhaseRequest {
						t.Errorf("%q with %q: %v", method, body, err)
					}
				} else if err != nil || resp.Header.Get("Seen") != strings.TrimSpace(method+" "+body) {
					t.Errorf("%q with %q: %v, %+v", method, body, err, resp)
				}
			}
		}
	}
}

// A redirect gives its place back before it is followed, and stands behind who waits already (SHC-01).
func TestRedirect_StandsBehindWhoWaits(t *testing.T) {
	onFakeNet(t, httpclient.Options{MaxClients: 1}, func(n *fakeNet) {
		away, other := n.get("/away"), n.get("/other")
		n.answer("HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n")
		if sent := n.last().Take(); strings.Index(sent, "GET /away ") != 0 || strings.Count(sent, "GET ") != 2 || !strings.Contains(sent, "GET /other ") {
			t.Errorf("%q", sent)
		}
		n.answer(ok)
		n.good(other, "ok")
		n.answer(ok)
		if resp := n.good(away, "ok"); resp.URL != server+"/there" {
			t.Error(resp.URL)
		}
	})
}

// A StreamingCallback that waits keeps the server waiting, and the connection's memory small (SHC-07).
func TestDo_StreamingCallbackHoldsUpTheServer(t *testing.T) {
	const size = 1 << 20
	onFakeNet(t, httpclient.Options{RequestTimeout: -1}, func(n *fakeNet) {
		goOn := make(chan struct{})
		got := 0
		done := n.do(context.Background(), &httpclient.Request{URL: server, StreamingCallback: func(_ context.Context, piece []byte) error {
			<-goOn
			got += len(piece)
			return nil
		}})
		n.answer(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", size) + strings.Repeat("x", size))
		time.Sleep(time.Hour) // nor is it a silence of the server's
		synctest.Wait()
		if taken := size - n.last().Unread(); taken > 256<<10 {
			t.Errorf("%d bytes were taken", taken)
		}
		close(goOn)
		if resp := n.good(done, ""); got != size || resp.Body != nil {
			t.Errorf("%d bytes", got)
		}
	})
}

// TLS is configured for a client or for one request; hosts in brackets are addresses (SHC-09).
func TestDial_TLSOptions(t *testing.T) {
	authority := testcert.Shared()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := "nobody"
		if shown := r.TLS.PeerCertificates; len(shown) > 0 {
			name = shown[0].Subject.CommonName
		}
		fmt.Fprint(w, name)
	}))
	s.TLS = authority.Server(t)
	s.TLS.ClientAuth = tls.RequestClientCert
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	trusting, mapped := &tls.Config{RootCAs: authority.Pool()}, strings.TrimPrefix(s.URL, "https://")
	named := trusting.Clone()
	named.Certificates = []tls.Certificate{authority.Issue(t, "user")}
	anyone := &tls.Config{InsecureSkipVerify: true}
	for name, c := range map[string]struct {
		url              string
		client, request  *tls.Config
		family           tcp.Family
		want             string
		phase            httpclient.Phase
		isNotCertificate bool
	}{
		"nobody is trusted":              {url: s.URL, phase: httpclient.PhaseTLS},
		"of the client":                  {url: s.URL, client: trusting, want: "nobody"},
		"of the request":                 {url: s.URL, client: anyone, request: named, want: "user"},
		"a certificate of the client":    {url: s.URL, client: named, want: "user"},
		"another name":                   {url: "https://other.example", client: trusting, phase: httpclient.PhaseTLS},
		"another name, and no matter":    {url: "https://other.example", client: trusting, request: anyone, want: "nobody"},
		"a name in the certificate":      {url: "https://localhost", client: trusting, want: "nobody"},
		"an address of the other family": {url: s.URL, client: trusting, family: tcp.IPv6, phase: httpclient.PhaseResolve, isNotCertificate: true},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, httpclient.Options{TLS: c.client, Hosts: map[string]string{"other.example": mapped, "localhost:443": mapped}})
			resp, err := client.Do(t.Context(), &httpclient.Request{URL: c.url, TLS: c.request, Family: c.family})
			if c.phase == "" {
				if err != nil || string(resp.Body) != c.want {
					t.Errorf("%v, %+v, want %s", err, resp, c.want)
				}
				return
			}
			failsIn(t, err, c.phase, err)
			if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok == c.isNotCertificate {
				t.Error(err)
			}
		})
	}
}

func TestURL_AddressesInBrackets(t *testing.T) {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip("needs IPv6: ", err)
	}
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Host) })}}
	s.Start()
	t.Cleanup(s.Close)
	c := newClient(t, httpclient.Options{})
	if got := fetched(t, t.Context(), c, &httpclient.Request{URL: "http://" + l.Addr().String()}); string(got.Body) != l.Addr().String() {
		t.Errorf("%q", got.Body)
	}
	_, err = c.Do(t.Context(), &httpclient.Request{URL: "http://" + l.Addr().String(), Family: tcp.IPv4})
	failsIn(t, err, httpclient.PhaseResolve, err)
}

// unknown knows no name.
type unknown struct{}

func (unknown) Resolve(_ context.Context, q tcp.Query) ([]netip.AddrPort, error) {
	return nil, &net.DNSError{Err: "no such host", Name: q.Host, IsNotFound: true}
}

// What has gone wrong below is found in an error as it is (HCL-07).
func TestError_KeepsTheCause(t *testing.T) {
	onFakeNet(t, httpclient.Options{}, func(n *fakeNet) {
		n.refuse = syscall.ECONNREFUSED
		done := n.get("/path?secret")
		r := <-done
		failsIn(t, r.err, httpclient.PhaseConnect, syscall.ECONNREFUSED)
		e, ok := r.err.(*httpclient.Error)
		if !ok || e.Code() != 599 || e.Timeout() || e.Method != "GET" || e.URL != server+"/path" || strings.Contains(e.Error(), "secret") {
			t.Errorf("%+v", r.err)
		}
	})
	c := newClient(t, httpclient.Options{Resolver: unknown{}})
	_, err := c.Get(t.Context(), "http://absent.example")
	failsIn(t, err, httpclient.PhaseResolve, err)
	if e, ok := errors.AsType[*net.DNSError](err); !ok || !e.IsNotFound {
		t.Error(err)
	}
	_, err = c.Get(t.Context(), "no URL at all")
	if e, ok := err.(*httpclient.Error); !ok || e.URL != "" || strings.Contains(err.Error(), "GET :") {
		t.Errorf("%v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	_, err = c.Get(t.Context(), "http://absent.example") // and no panic
	failsIn(t, err, httpclient.PhaseQueue, httpclient.ErrClosed)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// Limits hold for what is sent and for what comes out of it (SHC-08, SEC-18).
func TestDo_LimitsOfSize(t *testing.T) {
	zeros := string(gzipped(strings.Repeat("0", 100_000))) // some 150 bytes
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 10_000))
		if r.URL.Path == "/zipped" {
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, zeros)
			return
		}
		w.(http.Flusher).Flush() // so that no length is said
		io.WriteString(w, strings.Repeat("0", 100_000))
	})
	inBoth(t, func(t *testing.T, ctx context.Context) {
		for _, path := range []string{"/zipped", "/plain"} {
			for most, good := range map[int64]bool{100_000: true, 99_999: false, 50_000: false, 1: false} {
				_, err := newClient(t, httpclient.Options{MaxBody: most}).Get(ctx, s.URL+path)
				if good && err != nil || !good && !errors.Is(err, httpclient.ErrBodyTooLarge) {
					t.Errorf("%s in %d: %v", path, most, err)
				}
				r := &httpclient.Request{URL: s.URL + path, MaxBody: most}
				stream, err := newClient(t, httpclient.Options{MaxBody: 1}).Stream(ctx, r)
				if !good && errors.Is(err, httpclient.ErrBodyTooLarge) { // the length says so
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				n, err := io.Copy(io.Discard, stream)
				if good && err != nil || !good && !errors.Is(err, httpclient.ErrBodyTooLarge) || n > most {
					t.Errorf("%s in a stream of %d: %d, %v", path, most, n, err)
				}
				stream.Close()
			}
		}
		_, err := newClient(t, httpclient.Options{Limits: http1.Limits{HeaderBytes: 5000}}).Get(ctx, s.URL)
		if e, ok := errors.AsType[*http1.Error](err); !ok {
			t.Errorf("%v, %v", err, e)
		}
		failsIn(t, err, httpclient.PhaseHead, err)
	})
}
