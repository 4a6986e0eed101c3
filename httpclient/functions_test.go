package httpclient_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"eddy/httpclient"
)

// useDefault has the package's functions use a client of the test's own, so that no test of them may run beside it.
func useDefault(t *testing.T, o httpclient.Options) {
	before := httpclient.Default
	httpclient.Default = newClient(t, o)
	t.Cleanup(func() { httpclient.Default = before })
}

// call is one of the package's functions and net/http's of the same name, both called alike.
type call struct {
	name, method string
	ours         func(ctx context.Context, url string) (*httpclient.Response, error)
	theirs       func(url string) (*http.Response, error)
}

func calls(theirs *http.Client) []call {
	body, form := []byte(`{"a": 1}`), url.Values{"b": {"x y", "ü&="}, "a": {""}}
	post := func(name string, body []byte) call {
		return call{name, "POST", func(ctx context.Context, url string) (*httpclient.Response, error) {
			return httpclient.Post(ctx, url, "application/json", body)
		}, func(url string) (*http.Response, error) {
			return theirs.Post(url, "application/json", bytes.NewReader(body))
		}}
	}
	return []call{
		{"Get", "GET", httpclient.Get, theirs.Get},
		{"Head", "HEAD", httpclient.Head, theirs.Head},
		post("Post", body),
		post("Post of nothing", nil),
		{"PostForm", "POST", func(ctx context.Context, url string) (*httpclient.Response, error) {
			return httpclient.PostForm(ctx, url, form)
		}, func(url string) (*http.Response, error) { return theirs.PostForm(url, form) }},
		{"Do", "PUT", func(ctx context.Context, url string) (*httpclient.Response, error) {
			return httpclient.Do(ctx, &httpclient.Request{Method: "PUT", URL: url, Header: httpclient.Header("X-Field", "value"), Body: body})
		}, func(url string) (*http.Response, error) {
			r, err := http.NewRequest("PUT", url, bytes.NewReader(body))
			if err != nil {
				return nil, err
			}
			r.Header.Set("X-Field", "value")
			return theirs.Do(r)
		}},
	}
}

// The package's functions fetch by the Default client, and send what net/http's of the same names send.
func TestDefault_SendsAsNetHTTP(t *testing.T) {
	const agent = "the test's own"
	useDefault(t, httpclient.Options{UserAgent: agent})
	agents, sent := make(chan string, 1), make(chan string, 1)
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		agents <- r.UserAgent()
		r.Header.Del("User-Agent")
		r.Header.Del("Accept-Encoding")
		sent <- fmt.Sprintf("%s %s of %s, %v, %q, %d bytes %v, %v",
			r.Method, r.RequestURI, r.Host, r.Header, body, r.ContentLength, r.TransferEncoding, err)
		io.WriteString(w, r.Method)
	})
	for _, c := range calls(s.Client()) {
		t.Run(c.name, func(t *testing.T) {
			theirs, err := c.theirs(s.URL + "/path?q=1#there")
			if err != nil {
				t.Fatal(err)
			}
			defer theirs.Body.Close()
			body, err := io.ReadAll(theirs.Body)
			if err != nil {
				t.Fatal(err)
			}
			<-agents
			want := <-sent
			ours, err := c.ours(t.Context(), s.URL+"/path?q=1#there")
			if err != nil {
				t.Fatal(err)
			}
			if got := <-agents; got != agent {
				t.Errorf("sent by another client: %q", got)
			}
			if got := <-sent; got != want || !strings.HasPrefix(got, c.method+" /path?q=1 of ") {
				t.Errorf("sent     %s\nnet/http %s", got, want)
			}
			if ours.Status != 200 || !bytes.Equal(ours.Body, body) || ours.Header.Get("Content-Length") != fmt.Sprint(len(c.method)) {
				t.Errorf("received %d, %v, %q; net/http %q", ours.Status, ours.Header, ours.Body, body)
			}
		})
	}
}
