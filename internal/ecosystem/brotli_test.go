package ecosystem_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/andybalholm/brotli"

	"eddy/httputil"
	"eddy/internal/coding"
)

// withBrotli is how a client is given a coding that Eddy does not have.
var withBrotli = map[string]coding.Decoder{
	"br": func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil },
}

func brotlied(text string, level int) []byte {
	var b bytes.Buffer
	w := brotli.NewWriterLevel(&b, level)
	io.WriteString(w, text)
	w.Close()
	return b.Bytes()
}

func unbrotlied(t *testing.T, data []byte, list string, limit int64) (string, error) {
	t.Helper()
	r, ok := new(coding.Pool).NewReader(io.NopCloser(bytes.NewReader(data)), list, coding.Options{Limit: limit, Extra: withBrotli})
	if !ok {
		t.Fatalf("%q is left alone", list)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	return string(text), err
}

func TestBrotli_Decodes(t *testing.T) {
	if got := coding.Accepted(withBrotli); got != "gzip, deflate, br, zstd" {
		t.Errorf("announced as %q", got)
	}
	long := strings.Repeat("all work and no play ", 20_000)
	var twice bytes.Buffer
	w := gzip.NewWriter(&twice)
	w.Write(brotlied(long, 5))
	w.Close()
	for _, tt := range []struct {
		list, want string
		data       []byte
	}{
		{"br", "", brotlied("", 5)}, {"BR", "x", brotlied("x", 0)}, {"br", long, brotlied(long, 1)}, {"br", long, brotlied(long, 11)},
		{"br, gzip", long, twice.Bytes()}, {"br", "", nil},
	} {
		if got, err := unbrotlied(t, tt.data, tt.list, 1<<20); got != tt.want || err != nil {
			t.Errorf("%s of %d bytes: %d bytes, %v; want %d", tt.list, len(tt.data), len(got), err, len(tt.want))
		}
	}
}

func TestBrotli_FaultsAndLimits(t *testing.T) {
	long := strings.Repeat("all work and no play ", 20_000)
	data := brotlied(long, 5)
	for n := 1; n < len(data); n++ {
		if got, err := unbrotlied(t, data[:n], "br", 1<<20); !errors.Is(err, httputil.ErrBodyMalformed) || !strings.HasPrefix(long, got) {
			t.Fatalf("%d of %d bytes: %d bytes, %v", n, len(data), len(got), err)
		}
	}
	if got, err := unbrotlied(t, append(data, "behind it"...), "br", 1<<20); !errors.Is(err, httputil.ErrBodyMalformed) || got != long {
		t.Errorf("bytes behind it: %d bytes, %v", len(got), err)
	}
	if _, err := unbrotlied(t, []byte("plain text"), "br", 1<<20); !errors.Is(err, httputil.ErrBodyMalformed) {
		t.Errorf("plain text: %v", err)
	}
	bomb := brotlied(string(make([]byte, 64<<20)), 1)
	if got, err := unbrotlied(t, bomb, "br", 1<<20); !errors.Is(err, httputil.ErrBodyTooLarge) || len(got) != 1<<20 {
		t.Errorf("a bomb: %d bytes, %v", len(got), err)
	}
}

// Flushed data comes before the next data does, and a reader that waits can be stopped.
func TestBrotli_Streams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, out := io.Pipe()
		r, _ := new(coding.Pool).NewReader(in, "br", coding.Options{Limit: 1 << 20, Extra: withBrotli})
		var came strings.Builder
		end := make(chan error)
		go func() {
			_, err := io.Copy(&came, r)
			end <- err
		}()
		w := brotli.NewWriter(out)
		io.WriteString(w, "event")
		w.Flush()
		synctest.Wait()
		if came.String() != "event" {
			t.Errorf("%q came", came.String())
		}
		r.Close()
		if err := <-end; !errors.Is(err, io.ErrClosedPipe) {
			t.Error(err)
		}
	})
}
