package httpclient_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"eddy/httpclient"
	"eddy/httputil"
)

func gzipped(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, text)
	z.Close()
	return b.Bytes()
}

func TestDo_Decompresses(t *testing.T) {
	text := strings.Repeat("hello ", 10_000)
	rot := func(r io.Reader) (io.Reader, error) { return io.MultiReader(strings.NewReader("decoded "), r), nil }
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch w.Header().Set("Content-Encoding", strings.TrimPrefix(r.URL.Path, "/")); r.URL.Path {
		case "/gzip":
			w.Write(gzipped(text))
		case "/rot", "/unknown":
			io.WriteString(w, "as it is")
		case "/cut":
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(gzipped(text)[:50])
		}
	})
	c := newClient(t, httpclient.Options{Decoders: map[string]func(io.Reader) (io.Reader, error){"rot": rot}})
	own := &httpclient.Request{URL: s.URL + "/gzip"}
	own.Header.Set("Accept-Encoding", "gzip")
	inBoth(t, func(t *testing.T, ctx context.Context) {
		for _, test := range []struct {
			name string
			r    *httpclient.Request
			want string
			done bool
		}{
			{"gzip", &httpclient.Request{URL: s.URL + "/gzip"}, text, true},
			{"a coding of the options", &httpclient.Request{URL: s.URL + "/rot"}, "decoded as it is", true},
			{"an unknown coding", &httpclient.Request{URL: s.URL + "/unknown"}, "as it is", false},
			{"not wanted", &httpclient.Request{URL: s.URL + "/gzip", NoDecompress: true}, string(gzipped(text)), false},
			{"asked for by the caller", own, string(gzipped(text)), false},
			{"HEAD", &httpclient.Request{URL: s.URL + "/gzip", Method: "HEAD"}, "", false},
			{"empty", &httpclient.Request{URL: s.URL + "/deflate"}, "", false},
		} {
			if resp := fetched(t, ctx, c, test.r); string(resp.Body) != test.want || resp.Uncompressed != test.done {
				t.Errorf("%s: %d bytes, decompressed: %v", test.name, len(resp.Body), resp.Uncompressed)
			}
			streamed, err := c.Stream(ctx, test.r)
			if err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(streamed); string(body) != test.want || err != nil {
				t.Errorf("%s, streamed: %d bytes, %v", test.name, len(body), err)
			}
			streamed.Close()
		}
		_, err := c.Do(ctx, &httpclient.Request{URL: s.URL + "/gzip", MaxBody: 1000})
		if e, ok := errors.AsType[*httpclient.Error](err); !ok || e.Phase != httpclient.PhaseBody || !errors.Is(err, httpclient.ErrBodyTooLarge) {
			t.Error("too large:", err)
		}
		if _, err := c.Do(ctx, &httpclient.Request{URL: s.URL + "/cut"}); !errors.Is(err, httputil.ErrBodyMalformed) {
			t.Error("cut:", err)
		}
	})
}
