package httpclient_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"eddy/async"
	"eddy/httpclient"
)

func TestQueue_HasABound(t *testing.T) {
	begun, hold := make(chan struct{}), make(chan struct{})
	s := newServer(t, func(http.ResponseWriter, *http.Request) {
		begun <- struct{}{}
		<-hold
	})
	for _, perHost := range []int{0, 1} {
		c := newClient(t, httpclient.Options{MaxClients: 1, MaxPerHost: perHost, MaxQueue: 2})
		fetch := func() *async.Future[*httpclient.Response] {
			return async.Go(t.Context(), func(ctx context.Context) (*httpclient.Response, error) { return c.Get(ctx, s.URL) })
		}
		all := []*async.Future[*httpclient.Response]{fetch()}
		<-begun
		all = append(all, fetch(), fetch(), fetch(), fetch())
		refused := 0
		i, _, err := async.First(t.Context(), all...)
		for refused < 2 { // of the four, two can wait
			e, ok := errors.AsType[*httpclient.Error](err)
			if !ok || e.Phase != httpclient.PhaseQueue || !errors.Is(err, httpclient.ErrQueueFull) {
				t.Fatalf("%d: %v", i, err)
			}
			if refused++; refused < 2 {
				all = append(all[:i], all[i+1:]...)
				i, _, err = async.First(t.Context(), all...)
			}
		}
		all = append(all[:i], all[i+1:]...)
		go func() {
			for range 2 {
				<-begun
			}
		}()
		for range 3 {
			hold <- struct{}{}
		}
		if _, err := async.Gather(t.Context(), all...); err != nil {
			t.Error(err)
		}
	}
}

func TestRequest_ConnectionsThatAreNotKept(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if !r.Close {
			w.WriteHeader(http.StatusBadRequest)
		}
		io.WriteString(w, r.Header.Get("Proxy-Authorization"))
	})
	c := newClient(t, httpclient.Options{IdleTimeout: -1})
	r := &httpclient.Request{URL: s.URL}
	r.Header.Append("proxy-authorization", "secret")
	if got := fetched(t, t.Context(), c, r); len(got.Body) > 0 || !got.Header.HasToken("Connection", "close") {
		t.Errorf("%q, %v", got.Body, got.Header)
	}
	resp, err := (&http.Client{Transport: &httpclient.Transport{Client: c}}).Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if !resp.Close {
		t.Error("by Transport it was kept")
	}
}
