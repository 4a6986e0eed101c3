package coding_test

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"eddy/httputil"
	"eddy/internal/coding"
)

const text = "hello hello hello"

func TestReader_FaultsOfTheData(t *testing.T) {
	gz, zl, raw, zs := coded("gzip", text), coded("deflate", text), coded("raw", text), coded("zstd", text)
	for _, tt := range []struct {
		name, list, body string
		strict, client   string // the kinds of error
		came             int    // -1 for any, not more than all
	}{
		{"nothing as gzip", "gzip", "", "cut", "", 0},
		{"nothing as deflate", "deflate", "", "cut", "", 0},
		{"nothing as zstd", "zstd", "", "-", "", 0},
		{"gzip, twice, of nothing", "gzip, gzip", coded("gzip", ""), "-", "", 0},
		{"plain text", "gzip", text, "malformed", "malformed", 0},
		{"one byte", "gzip", "\x1f", "cut", "cut", 0},
		{"gzip, data cut", "gzip", gz[:14], "cut", "cut", -1},
		{"gzip, checksum cut", "gzip", gz[:len(gz)-5], "cut", "cut", 17},
		{"gzip, a wrong checksum", "gzip", gz[:len(gz)-8] + "\x00" + gz[len(gz)-7:], "malformed", "malformed", 17},
		{"gzip, zeros behind", "gzip", gz + strings.Repeat("\x00", 10), "malformed", "malformed", 17},
		{"gzip, text behind", "gzip", gz + text, "malformed", "malformed", 17},
		{"gzip, its second member cut", "gzip", gz + gz[:12], "cut", "cut", -1},
		{"gzip, many empty members", "gzip", strings.Repeat(coded("gzip", ""), coding.MaxEmpty+2), "malformed", "malformed", 0},
		{"gzip as deflate", "deflate", gz, "malformed", "malformed", 0},
		{"raw deflate", "deflate", raw, "malformed", "", 17},
		{"raw, cut", "deflate", raw[:len(raw)-1], "malformed", "cut", -1},
		{"raw, text behind", "deflate", raw + text, "malformed", "malformed", 17},
		{"raw, broken", "deflate", "\x07" + raw[1:], "malformed", "malformed", 0},
		{"zlib, one byte", "deflate", zl[:1], "cut", "cut", 0},
		{"zlib, checksum cut", "deflate", zl[:len(zl)-1], "cut", "cut", 17},
		{"zlib, a wrong checksum", "deflate", zl[:len(zl)-1] + "\x00", "malformed", "malformed", 17},
		{"zlib, text behind", "deflate", zl + text, "malformed", "malformed", 17},
		{"zlib twice", "deflate", zl + zl, "malformed", "malformed", 17},
		{"zlib with a dictionary", "deflate", "\x78\xbb\x00\x00\x00\x02", "malformed", "malformed", 0},
		{"zstd, one byte", "zstd", zs[:1], "-", "cut", 0},
		{"zstd, its head cut", "zstd", zs[:5], "-", "cut", 0},
		{"zstd, checksum cut", "zstd", zs[:len(zs)-1], "-", "cut", -1},
		{"zstd, a wrong checksum", "zstd", zs[:len(zs)-1] + "\x00", "-", "malformed", -1},
		{"zstd, text behind", "zstd", zs + text, "-", "malformed", 17},
		{"zstd, a second frame cut", "zstd", zs + zs[:9], "-", "cut", 17},
		{"zstd, a dictionary", "zstd", "\x28\xb5\x2f\xfd\x21\x05\x00\x01\x00\x00", "-", "malformed", 0},
		{"gzip of text", "gzip, gzip", coded("gzip", text), "-", "malformed", 0},
		{"gzip of zstd that is cut", "zstd, gzip", coded("gzip", zs[:len(zs)-6]), "-", "cut", -1},
		{"gzip that is cut of zstd", "zstd, gzip", coded("gzip", zs)[:20], "-", "cut", -1},
	} {
		check := func(o coding.Options, want string, piece int) {
			r := open(t, &body{data: tt.body, piece: piece}, tt.list, o)
			got, err := all(r, 1000)
			if kind(err) != want || !strings.HasPrefix(text+text, got) {
				t.Errorf("%s, strict %t, in pieces of %d: %q, %v; want %q", tt.name, o.Strict, piece, got, err, want)
			}
			if tt.came >= 0 && want != "malformed" && len(got) != tt.came {
				t.Errorf("%s, strict %t: %q came, want %d bytes", tt.name, o.Strict, got, tt.came)
			}
			if _, again := r.Read(make([]byte, 1)); err != nil && again != err {
				t.Errorf("%s: then %v", tt.name, again)
			}
			if coding.Holds(r) {
				t.Errorf("%s: the codec is not given back", tt.name)
			}
		}
		for _, piece := range []int{0, 1} {
			check(client, tt.client, piece)
			if tt.strict != "-" {
				check(server, tt.strict, piece)
			}
		}
	}
}

// What a body fails with is never taken for a fault of the data, nor for its end.
func TestReader_TheBodysOwnErrorFirst(t *testing.T) {
	for _, own := range []error{errors.New("own"), io.ErrUnexpectedEOF, httputil.ErrBodyTimeout} {
		for _, list := range lists {
			name, data := nameOf(list), coded(list, text)
			for n := range len(data) + 1 {
				r := open(t, &body{data: data[:n], end: own}, name, client)
				if got, err := all(r, 5); err != own || !strings.HasPrefix(text, got) {
					t.Errorf("%s, %d of %d bytes: %q, %v; want %v", list, n, len(data), got, err, own)
				}
			}
		}
	}
}

func TestReader_Limit(t *testing.T) {
	const limit = 10_000
	for _, list := range lists {
		for _, n := range []int{0, 1, limit - 1, limit, limit + 1, 50 * limit} {
			want := strings.Repeat("x", n)
			data := coded(list, want)
			for _, most := range []int64{limit, 0, -1} {
				r := open(t, &body{data: data}, nameOf(list), coding.Options{Limit: most})
				got, err := all(r, 1000)
				fits := most < 0 || int64(n) <= most
				if fits && (got != want || err != nil) || !fits && (int64(len(got)) != most || kind(err) != "too large") {
					t.Errorf("%s, limit %d: %d bytes of %d, %v", list, most, len(got), n, err)
				}
			}
		}
	}
}

// Data that cannot be compressed gets longer by each coding: that is not too much between two.
func TestReader_LimitHoldsForWhatComesOut(t *testing.T) {
	data := make([]byte, 100_000)
	for i, x := 0, uint32(1); i < len(data); i++ {
		x = x*1664525 + 1013904223
		data[i] = byte(x >> 24)
	}
	for _, one := range formats {
		for _, two := range formats {
			r := open(t, &body{data: coded(one+", "+two, string(data))}, nameOf(one)+", "+nameOf(two), coding.Options{Limit: int64(len(data))})
			if got, err := all(r, 4096); got != string(data) || err != nil {
				t.Errorf("%s, %s: %d bytes, %v", one, two, len(got), err)
			}
		}
	}
}

// adjustable is a body whose limits may be set.
type adjustable struct {
	body
	limit   int64
	timeout time.Duration
}

func (a *adjustable) SetMaxBody(n int64) error             { a.limit = n; return nil }
func (a *adjustable) SetBodyTimeout(d time.Duration) error { a.timeout = d; return nil }

func TestReader_SetsLimits(t *testing.T) {
	zeros := strings.Repeat("x", 10_000)
	for _, tt := range []struct {
		limit, one, two int64 // what the body's limit is behind so many codings
		come            int
	}{{5, 1029, 2054, 5}, {10_000, 11_033, 12_067, 10_000}, {math.MaxInt64, math.MaxInt64, math.MaxInt64, 10_000}, {-1, -1, -1, 10_000}} {
		for list, want := range map[string]int64{"gzip": tt.one, "gzip, gzip": tt.two} {
			b := &adjustable{body: body{data: coded(list, zeros)}}
			r := open(t, b, list, client)
			if err := errors.Join(r.SetMaxBody(tt.limit), r.SetBodyTimeout(time.Minute)); err != nil {
				t.Error(err)
			}
			got, err := all(r, 100)
			if len(got) != tt.come || (kind(err) == "too large") != (tt.come < 10_000) || b.limit != want || b.timeout != time.Minute {
				t.Errorf("%s, limit %d: %d bytes, %v; the body has %d, %v", list, tt.limit, len(got), err, b.limit, b.timeout)
			}
		}
	}
	r := open(t, &body{data: coded("gzip", zeros)}, "gzip", client)
	io.ReadFull(r, make([]byte, 500))
	if err := r.SetMaxBody(100); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	if err := r.SetBodyTimeout(time.Second); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	if n, err := r.Read(make([]byte, 10)); n != 0 || kind(err) != "too large" {
		t.Errorf("below what has come: %d, %v", n, err)
	}
}

func TestReader_Close(t *testing.T) {
	stopped := errors.New("stopped")
	for _, list := range lists {
		b := &body{data: coded(list, strings.Repeat(text, 1000))}
		r := open(t, b, nameOf(list), client)
		if n, err := r.Read(nil); n != 0 || err != nil || b.reads > 0 {
			t.Errorf("%s: a read of nothing: %d, %v", list, n, err)
		}
		if _, err := r.Read(make([]byte, 5)); err != nil || !coding.Holds(r) {
			t.Errorf("%s: %v", list, err)
		}
		r.Stop(stopped)
		if coding.Holds(r) || b.closed > 0 {
			t.Errorf("%s: Stop", list)
		}
		r.Close()
		if _, err := r.Read(make([]byte, 5)); err != stopped || b.closed != 1 {
			t.Errorf("%s: %v, closed %d times", list, err, b.closed)
		}
	}
	b := &body{}
	r := open(t, b, "gzip", client)
	r.Close()
	if _, err := r.Read(make([]byte, 5)); err == nil || err == io.EOF || b.reads > 0 {
		t.Errorf("behind Close: %v", err)
	}
}

// A read that waits keeps its codec, whatever happens to the body meanwhile.
func TestReader_CloseWhileAReadWaits(t *testing.T) {
	for _, list := range lists {
		synctest.Test(t, func(t *testing.T) {
			in, out := io.Pipe()
			r, _ := new(coding.Pool).NewReader(in, nameOf(list), client)
			done := make(chan error)
			go func() {
				_, err := r.Read(make([]byte, 5))
				done <- err
			}()
			synctest.Wait()
			if _, err := r.Read(make([]byte, 1)); err == nil {
				t.Errorf("%s: two reads at once", list)
			}
			r.Stop(errors.New("stopped"))
			if !coding.Holds(r) {
				t.Errorf("%s: given back under a read", list)
			}
			out.CloseWithError(io.ErrClosedPipe)
			if err := <-done; err != io.ErrClosedPipe || coding.Holds(r) {
				t.Errorf("%s: %v, holds %t", list, err, coding.Holds(r))
			}
			r.Close()
		})
	}
}

// What a sender has flushed can be read before more comes.
func TestReader_DeliversWhatWasFlushed(t *testing.T) {
	for _, format := range formats {
		synctest.Test(t, func(t *testing.T) {
			in, out := io.Pipe()
			r, _ := new(coding.Pool).NewReader(in, nameOf(format), client)
			defer r.Close()
			var came strings.Builder
			end := make(chan error)
			go func() {
				_, err := io.Copy(&came, r)
				end <- err
			}()
			w, want := writers[format](out), ""
			for i := range 3 {
				fmt.Fprintf(w, "event %d ", i)
				w.Flush()
				synctest.Wait()
				if want += fmt.Sprintf("event %d ", i); came.String() != want {
					t.Errorf("%s: %q came, want %q", format, came.String(), want)
				}
			}
			w.Close()
			out.Close()
			if err := <-end; err != nil || came.String() != want {
				t.Errorf("%s: %q, %v", format, came.String(), err)
			}
		})
	}
}

// Codecs are recycled. Whoever goes on reading from a body that others have closed must see nothing of
// other bodies, nor break them.
func TestReader_LateReadersSeeNothingOfOthers(t *testing.T) {
	var all, late sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 30 {
				number := worker*30 + i
				want := strings.Repeat(fmt.Sprintf("%04d ", number), 3000)
				list := lists[number%len(lists)]
				r, _ := shared.NewReader(&body{data: coded(list, want)}, nameOf(list), client)
				buf := make([]byte, 5000)
				if _, err := io.ReadFull(r, buf); err != nil || string(buf) != want[:5000] {
					t.Errorf("body %d: %v, %.20q", number, err, buf)
				}
				late.Go(func() {
					rest, err := io.ReadAll(r)
					if !strings.HasPrefix(want[5000:], string(rest)) {
						t.Errorf("body %d: %v, then %.20q", number, err, rest)
					}
				})
				if number%3 > 0 {
					r.Close()
				}
			}
		})
	}
	all.Wait()
	late.Wait()
}
