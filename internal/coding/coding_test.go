package coding_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"eddy/internal/coding"
)

// hexed is a coding that only these tests know.
func hexed(s string) string                { return hex.EncodeToString([]byte(s)) }
func unhex(r io.Reader) (io.Reader, error) { return hex.NewDecoder(r), nil }

func TestNewReader_UndoesWhatWasApplied(t *testing.T) {
	long := strings.Repeat("all work and no play ", 5000)
	extra := map[string]coding.Decoder{"hex": unhex}
	for _, tt := range []struct{ list, body, want string }{
		{"gzip", coded("gzip", long), long},
		{" X-GZIP\t", coded("gzip", long), long},
		{"deflate", coded("deflate", long), long},
		{"deflate", coded("raw", long), long},
		{"Zstd", coded("zstd", long), long},
		{"hex", hexed(long), long},
		{"gzip", coded("gzip", ""), ""},
		{"deflate", coded("deflate", ""), ""},
		{"deflate", coded("raw", ""), ""},
		{"zstd", coded("zstd", ""), ""},
		{"gzip", coded("gzip", "one ") + coded("gzip", "") + coded("gzip", "two"), "one two"},
		{"zstd", coded("zstd", "one ") + "\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + coded("zstd", "two"), "one two"},
		{"gzip, zstd", coded("zstd", coded("gzip", long)), long},
		{"zstd,gzip", coded("gzip", coded("zstd", long)), long},
		{"deflate, deflate", coded("raw", coded("deflate", long)), long},
		{"hex, gzip", coded("gzip", hexed(long)), long},
		{"gzip, hex", hexed(coded("gzip", long)), long},
		{", identity ,gzip, ,Identity", coded("gzip", "x"), "x"},
	} {
		for _, piece := range []int{0, 1, 7} {
			b := &body{data: tt.body, piece: piece}
			r := open(t, b, tt.list, coding.Options{Limit: 1 << 20, Extra: extra})
			if b.reads != 0 {
				t.Errorf("%q: %d reads before the first", tt.list, b.reads)
			}
			got, err := all(r, 1000)
			if got != tt.want || err != nil {
				t.Errorf("%q in pieces of %d: %d bytes, %v; want %d", tt.list, piece, len(got), err, len(tt.want))
			}
			if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("%q: behind the end %d, %v", tt.list, n, err)
			}
			if coding.Holds(r) {
				t.Errorf("%q: the codec is not given back", tt.list)
			}
		}
	}
}

func TestNewReader_LeavesAlone(t *testing.T) {
	extra := map[string]coding.Decoder{"hex": unhex}
	for _, tt := range []struct {
		list   string
		strict bool
	}{
		{"", false}, {"identity", false}, {" , ", false}, {"br", false}, {"gzip, br", false}, {"br, gzip", false},
		{"gzip;q=1", false}, {"gzip gzip", false}, {"\u00a0gzip", false}, {"compress", false},
		{"gzip, gzip, gzip", false}, {strings.Repeat("gzip,", 10_000), false},
		{"", true}, {"identity", true}, {"br", true}, {"zstd", true}, {"hex", true}, {"gzip, gzip", true},
		{"identity, gzip", true}, {"gzip,", true},
	} {
		b := &body{data: coded("gzip", "x")}
		if r, ok := shared.NewReader(b, tt.list, coding.Options{Limit: 1 << 20, Strict: tt.strict, Extra: extra}); ok || r != nil || b.reads+b.closed > 0 {
			t.Errorf("%.50q, strict %t: is decoded", tt.list, tt.strict)
		}
	}
}

// A caller's own decoder for a coding that this package knows is used.
func TestNewReader_ExtraGoesFirst(t *testing.T) {
	o := coding.Options{Limit: 1 << 20, Extra: map[string]coding.Decoder{"gzip": unhex}}
	if got, err := all(open(t, &body{data: hexed("x")}, "gzip", o), 10); got != "x" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAccepted_NamesWhatIsDecoded(t *testing.T) {
	for _, tt := range []struct {
		names []string
		want  string
	}{
		{nil, "gzip, deflate, zstd"},
		{[]string{"br"}, "gzip, deflate, br, zstd"},
		{[]string{"zstd", "xz", "br", "gzip"}, "gzip, deflate, br, xz, zstd"},
	} {
		extra := map[string]coding.Decoder{}
		for _, name := range tt.names {
			extra[name] = unhex
		}
		got := coding.Accepted(extra)
		if got != tt.want {
			t.Errorf("%v: %q", tt.names, got)
		}
		for name := range strings.SplitSeq(got, ", ") { // what is announced is known
			open(t, &body{}, name, coding.Options{Extra: extra})
		}
	}
	for _, name := range []string{"", "BR", "identity", "*", "a b", "br, gzip", "br\r\nX: y", "br;q=1"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q is taken", name)
				}
			}()
			coding.Accepted(map[string]coding.Decoder{name: unhex})
		}()
	}
}

// closing is a decoder that is closed, and tells by what it has been read.
type closing struct {
	io.Reader
	closed int
}

func (c *closing) Close() error { c.closed++; return nil }

func TestDecoder_IsClosedOnce(t *testing.T) {
	made := &closing{}
	o := coding.Options{Limit: 5, Extra: map[string]coding.Decoder{"own": func(r io.Reader) (io.Reader, error) {
		made = &closing{Reader: r}
		return made, nil
	}}}
	for name, use := range map[string]func(r *coding.Reader, b *body){
		"to the end":       func(r *coding.Reader, b *body) { all(r, 10) },
		"beyond the limit": func(r *coding.Reader, b *body) { b.data += "and more"; all(r, 10) },
		"not to the end":   func(r *coding.Reader, b *body) { r.Read(make([]byte, 1)) },
		"a fault":          func(r *coding.Reader, b *body) { b.end = errors.New("fault"); all(r, 10) },
	} {
		b := &body{data: "12345"}
		r := open(t, b, "own", o)
		use(r, b)
		r.Close()
		r.Close()
		if made.closed != 1 {
			t.Errorf("%s: closed %d times", name, made.closed)
		}
	}
	made = nil
	open(t, &body{}, "own", o).Close()
	if made != nil {
		t.Error("a decoder for a body that nobody reads")
	}
}

// What decoders do wrong ends the body, and nothing else.
func TestDecoder_Faults(t *testing.T) {
	own := errors.New("own")
	for name, tt := range map[string]struct {
		open coding.Decoder
		want error
	}{
		// A nil pointer is no nil io.Reader.
		"refuses":         {func(io.Reader) (io.Reader, error) { return (*closing)(nil), own }, own},
		"fails":           {func(io.Reader) (io.Reader, error) { return &body{end: own}, nil }, own},
		"makes nothing":   {func(io.Reader) (io.Reader, error) { return idle{}, nil }, io.ErrNoProgress},
		"ends early":      {func(io.Reader) (io.Reader, error) { return bytes.NewReader([]byte("early")), nil }, nil},
		"is cut by a bug": {func(io.Reader) (io.Reader, error) { return &body{end: io.ErrUnexpectedEOF}, nil }, io.ErrUnexpectedEOF},
	} {
		r := open(t, &body{data: "12345"}, "own", coding.Options{Limit: 100, Extra: map[string]coding.Decoder{"own": tt.open}})
		_, err := all(r, 10)
		if kind(err) != "malformed" && kind(err) != "cut" || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A decoder that keeps what it reads from gets nothing of other bodies.
func TestDecoder_KeepsNothingThatIsRecycled(t *testing.T) {
	var kept []io.Reader
	o := coding.Options{Limit: 100, Extra: map[string]coding.Decoder{"own": func(r io.Reader) (io.Reader, error) {
		kept = append(kept, r)
		return r, nil
	}}}
	for range 10 {
		if got, err := all(open(t, &body{data: coded("gzip", "x")}, "own, gzip", o), 10); got != "x" || err != nil {
			t.Fatalf("%q, %v", got, err)
		}
	}
	for range 10 {
		r := open(t, &body{data: coded("gzip", strings.Repeat("x", 100)), piece: 5}, "gzip", client)
		r.Read(make([]byte, 1))
	}
	for _, r := range kept {
		if n, err := r.Read(make([]byte, 10)); n != 0 || err == nil {
			t.Errorf("%d bytes, %v", n, err)
		}
	}
}

// idle is a reader that never gives anything.
type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }
