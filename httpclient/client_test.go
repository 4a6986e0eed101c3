package httpclient_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"eddy/httpclient"
)

func TestClient_UsesAConnectionAgain(t *testing.T) {
	inBoth(t, func(t *testing.T, ctx context.Context) {
		s := newServer(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RemoteAddr) })
		c := newClient(t, httpclient.Options{})
		first := fetched(t, ctx, c, &httpclient.Request{URL: s.URL}).Body
		for range 3 {
			if got := fetched(t, ctx, c, &httpclient.Request{URL: s.URL}).Body; !bytes.Equal(got, first) {
				t.Errorf("from %s, and then from %s", first, got)
			}
		}
	})
}

func TestClient_SendsBodiesOfEveryKind(t *testing.T) {
	long := strings.Repeat("0123456789", 100_000)
	inBoth(t, func(t *testing.T, ctx context.Context) {
		s := newServer(t, echo)
		c := newClient(t, httpclient.Options{})
		for _, body := range []string{"", "short", long} {
			for name, r := range map[string]*httpclient.Request{
				"bytes":  {Body: []byte(body)},
				"reader": {BodyReader: strings.NewReader(body), BodyLength: int64(len(body))},
				"chunks": {BodyReader: struct{ io.Reader }{strings.NewReader(body)}},
				"producer": {BodyProducer: func(_ context.Context, w io.Writer) error {
					_, err := io.WriteString(w, body)
					return err
				}},
			} {
				r.Method, r.URL = "POST", s.URL
				if got := fetched(t, ctx, c, r); string(got.Body) != "POST  "+body {
					t.Errorf("%s of %d bytes: %d came back", name, len(body), len(got.Body))
				}
			}
		}
	})
}

func TestStream_IsReadAsItArrives(t *testing.T) {
	inBoth(t, func(t *testing.T, ctx context.Context) {
		next := make(chan string)
		s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
			for word := range next {
				io.WriteString(w, word)
				w.(http.Flusher).Flush()
			}
		})
		c := newClient(t, httpclient.Options{})
		go func() { next <- "first" }()
		r, err := c.Stream(ctx, &httpclient.Request{URL: s.URL})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		p := make([]byte, 100)
		for _, word := range []string{"first", "second"} {
			if n, err := r.Read(p); string(p[:n]) != word || err != nil {
				t.Errorf("%q, %v", p[:n], err)
			}
			if word == "first" {
				next <- "second"
			}
		}
		close(next)
		if n, err := r.Read(p); n != 0 || err != io.EOF {
			t.Errorf("%d, %v", n, err)
		}
	})
}

func TestDo_CallbacksSeeHeadAndPieces(t *testing.T) {
	boom := errors.New("boom")
	body := strings.Repeat("x", 1_000_000)
	inBoth(t, func(t *testing.T, ctx context.Context) {
		s := newServer(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, body) })
		c := newClient(t, httpclient.Options{})
		var got strings.Builder
		heads, before := 0, 0
		r := &httpclient.Request{
			URL: s.URL,
			HeaderCallback: func(_ context.Context, r *httpclient.Response) error {
				if heads++; r.Status != 200 || got.Len() != before {
					t.Errorf("status %d after %d bytes", r.Status, got.Len())
				}
				return nil
			},
			StreamingCallback: func(_ context.Context, piece []byte) error {
				got.Write(piece)
				return nil
			},
		}
		if resp := fetched(t, ctx, c, r); resp.Body != nil || heads != 1 || got.String() != body {
			t.Errorf("%d heads, %d bytes, and %d in Body", heads, got.Len(), len(resp.Body))
		}
		r.StreamingCallback, before = nil, got.Len()
		if resp := fetched(t, ctx, c, r); string(resp.Body) != body {
			t.Errorf("%d bytes", len(resp.Body))
		}
		for phase, r := range map[httpclient.Phase]*httpclient.Request{
			httpclient.PhaseHead: {HeaderCallback: func(context.Context, *httpclient.Response) error { return boom }},
			httpclient.PhaseBody: {StreamingCallback: func(context.Context, []byte) error { return boom }},
		} {
			r.URL = s.URL
			_, err := c.Do(ctx, r)
			if e, ok := errors.AsType[*httpclient.Error](err); !ok || e.Phase != phase || !errors.Is(err, boom) {
				t.Error(err)
			}
		}
	})
}
