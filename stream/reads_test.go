package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"eddy/stream"
)

// readCall is one of the stream's reads, as a function of its result.
type readCall func(ctx context.Context, s *stream.Stream) (string, error)

func until(delim string, limit int) readCall {
	return func(ctx context.Context, s *stream.Stream) (string, error) {
		p, err := s.ReadUntil(ctx, []byte(delim), limit)
		return string(p), err
	}
}

func untilRegexp(re string, limit int) readCall {
	return func(ctx context.Context, s *stream.Stream) (string, error) {
		p, err := s.ReadUntilRegexp(ctx, regexp.MustCompile(re), limit)
		return string(p), err
	}
}

func count(n int) readCall {
	return func(ctx context.Context, s *stream.Stream) (string, error) {
		p, err := s.ReadBytes(ctx, n)
		return string(p), err
	}
}

func peek(n int) readCall {
	return func(ctx context.Context, s *stream.Stream) (string, error) {
		p, err := s.Peek(ctx, n)
		return string(p), err
	}
}

func full(n int) readCall {
	return func(ctx context.Context, s *stream.Stream) (string, error) {
		p := make([]byte, n)
		n, err := s.ReadFull(ctx, p)
		return string(p[:n]), err
	}
}

func untilClose(limit int) readCall {
	return func(ctx context.Context, s *stream.Stream) (string, error) {
		p, err := s.ReadUntilClose(ctx, limit)
		return string(p), err
	}
}

// reads are calls that must give the same result however the bytes arrive.
var reads = []struct {
	name string
	sent string
	call readCall
	want string
	err  error
	rest string // what is left for the next read
}{
	{"until", "GET /\r\n\r\nbody", until("\r\n\r\n", 0), "GET /\r\n\r\n", nil, "body"},
	{"until, false starts", "aaaab", until("aab", 0), "aaaab", nil, ""},
	{"until nothing", "abc", until("", 0), "", nil, "abc"},
	{"until, limit met exactly", "12345\nextra that does not count", until("\n", 6), "12345\n", nil, "extra that does not count"},
	{"until, limit exceeded", "123456\n", until("\n", 6), "", stream.ErrTooLong, ""},
	{"until, delimiter beyond the limit", "12345\r\n", until("\r\n", 6), "", stream.ErrTooLong, ""},
	{"until, cut short", "no line", until("\n", 0), "", io.ErrUnexpectedEOF, "no line"},
	{"regexp", "key: value\r\nrest", untilRegexp(`\r?\n`, 0), "key: value\r\n", nil, "rest"},
	{"regexp, limit met exactly", "12345\nextra", untilRegexp(`\n`, 6), "12345\n", nil, "extra"},
	{"regexp, limit exceeded", "123456\n", untilRegexp(`\n`, 6), "", stream.ErrTooLong, ""},
	{"regexp, cut short", "1234567", untilRegexp(`\n`, 0), "", io.ErrUnexpectedEOF, "1234567"},
	{"regexp, match at the end", "abc.", untilRegexp(`\.`, 0), "abc.", nil, ""},
	{"bytes", "12345678", count(5), "12345", nil, "678"},
	{"no bytes", "x", count(0), "", nil, "x"},
	{"too many bytes", "", count(stream.DefaultMaxRead + 1), "", stream.ErrTooLong, ""},
	{"cut short", "1234", count(5), "", io.ErrUnexpectedEOF, "1234"},
	{"peek", "12345", peek(3), "123", nil, "12345"},
	{"peek, cut short", "12", peek(3), "", io.ErrUnexpectedEOF, "12"},
	{"full", "12345678", full(5), "12345", nil, "678"},
	{"full, of nothing", "x", full(0), "", nil, "x"},
	{"full, cut short", "1234", full(5), "1234", io.ErrUnexpectedEOF, ""},
	{"full, at the end", "", full(5), "", io.EOF, ""},
	{"until close", "everything\n", untilClose(0), "everything\n", nil, ""},
	{"until close, nothing", "", untilClose(0), "", nil, ""},
	{"until close, limit met exactly", "12345", untilClose(5), "12345", nil, ""},
	{"until close, limit exceeded", "123456", untilClose(5), "", stream.ErrTooLong, ""},
	{"end", "", func(ctx context.Context, s *stream.Stream) (string, error) {
		n, err := s.Read(ctx, make([]byte, 8))
		return fmt.Sprint(n), err
	}, "0", io.EOF, ""},
	{"some, end", "", func(ctx context.Context, s *stream.Stream) (string, error) {
		p, err := s.ReadSome(ctx, 8)
		return string(p), err
	}, "", io.EOF, ""},
	{"some, again and again", "12345", func(ctx context.Context, s *stream.Stream) (all string, err error) {
		for len(all) < 3 {
			p, err := s.ReadSome(ctx, 3-len(all))
			if all += string(p); err != nil || len(p) == 0 {
				return all, err
			}
		}
		return all, nil
	}, "123", nil, "45"},
}

// arrival is a way for bytes to come.
type arrival struct {
	name   string
	pieces func(s string) []string // each in a turn of its own
	most   int                     // bytes that one read returns, 0: no limit
	storm  int                     // reads of each piece that find nothing, though it was reported
}

func whole(s string) []string { return []string{s} }

// arrivals are all splits in two, and regular ones.
func arrivals(n int) (ways []arrival) {
	for at := range n + 1 {
		ways = append(ways, arrival{fmt.Sprintf("split at %d", at), func(s string) []string { return []string{s[:at], s[at:]} }, 0, 0})
	}
	for _, k := range []int{1, 2, 3} {
		ways = append(ways,
			arrival{fmt.Sprintf("pieces of %d", k), func(s string) (pieces []string) {
				for c := range slices.Chunk([]byte(s), k) {
					pieces = append(pieces, string(c))
				}
				return pieces
			}, 0, 0},
			arrival{fmt.Sprintf("short reads of %d", k), whole, k, 0})
	}
	return append(ways, arrival{"EAGAIN storm", whole, 2, 7})
}

func TestRead_HoweverTheBytesArrive(t *testing.T) {
	for _, tt := range reads {
		for _, way := range arrivals(len(tt.sent)) {
			for _, where := range []string{"coroutine", "goroutine"} {
				bubble(t, nil, func(h *harness) {
					got, rest := "", ""
					var err error
					work := func(ctx context.Context) error {
						got, err = tt.call(ctx, h.s)
						if err == nil || err == io.ErrUnexpectedEOF {
							p, _ := io.ReadAll(h.s.Reader(ctx))
							rest = string(p)
						}
						return nil
					}
					done := make(chan struct{})
					go func() {
						defer close(done)
						if where == "coroutine" {
							h.loop.Do(h.ctx, work)
						} else {
							work(h.ctx)
						}
					}()
					h.settle()
					h.peer.SetMost(way.most, 0)
					for _, piece := range way.pieces(tt.sent) {
						h.peer.SetStorm(way.storm)
						h.peer.Send(piece)
						h.settle()
					}
					h.peer.CloseWrite()
					<-done
					if got != tt.want || !errors.Is(err, tt.err) || rest != tt.rest {
						t.Errorf("%s, %s, %s: got %q, %v, rest %q; want %q, %v, rest %q", tt.name, way.name, where, got, err, rest, tt.want, tt.err, tt.rest)
					}
				})
			}
		}
	}
}

// What is there already is enough: no call waits for more, nor for the loop.
func TestRead_AtOnceWhatIsThere(t *testing.T) {
	for _, tt := range reads {
		bubble(t, nil, func(h *harness) {
			h.peer.Send(tt.sent)
			h.peer.CloseWrite()
			h.settle()
			parks := 0
			h.loop.Do(h.ctx, func(ctx context.Context) error {
				h.loop.Post(func() { parks++ }) // runs as soon as the coroutine parks
				got, err := tt.call(ctx, h.s)
				if got != tt.want || !errors.Is(err, tt.err) || parks != 0 {
					t.Errorf("%s: %q, %v, parked %d times", tt.name, got, err, parks)
				}
				return nil
			})
		})
	}
}

// Whatever a read that was cancelled does not return, the next one must: at every split.
func TestRead_CancelledAtEverySplitLosesNothing(t *testing.T) {
	for _, tt := range reads {
		if tt.err != nil || tt.sent == "" {
			continue
		}
		for at := range len(tt.sent) {
			bubble(t, nil, func(h *harness) {
				ctx, cancel := context.WithCancel(h.ctx)
				first, failed := "", make(chan error)
				go func() {
					var err error
					first, err = tt.call(ctx, h.s)
					failed <- err
				}()
				h.peer.Send(tt.sent[:at])
				h.settle()
				cancel()
				err := <-failed
				if err == nil && first != tt.want {
					t.Errorf("%s: %q", tt.name, first)
				}
				if err == nil && strings.HasPrefix(tt.name, "peek") {
					first = ""
				}
				h.settle()
				h.peer.Send(tt.sent[at:])
				h.peer.CloseWrite()
				rest, err := h.s.ReadUntilClose(h.ctx, 0)
				if got := first + string(rest); got != tt.sent || err != nil {
					t.Errorf("%s, cancelled after %d bytes: %q and %q, %v; sent was %q", tt.name, at, first, rest, err, tt.sent)
				}
			})
		}
	}
}

// The search for a delimiter goes on where it stopped: what it has seen is not looked at
// again, even if a delimiter should be in it now. One that is half there is found.
func TestReadUntil_IsLinear(t *testing.T) {
	for _, delim := range []string{"|", "||", "|=|"} {
		find := stream.DelimiterSearch(delim)
		seen := ""
		for range 100 {
			seen += "x"
			if k := find(seen); k >= 0 {
				t.Fatalf("%q: found in %q", delim, seen)
			}
		}
		changed := delim + seen[len(delim):]
		if k := find(changed); k >= 0 {
			t.Errorf("%q: the search began anew", delim)
		}
		for i := range delim {
			if k := find(changed + delim[:i]); k >= 0 {
				t.Errorf("%q: found before its end", delim)
			}
		}
		if k := find(changed + delim + "more"); k != len(changed+delim) {
			t.Errorf("%q: ends at %d", delim, k)
		}
	}
}

// A long read takes few system calls, a short one little more than it needs.
func TestRead_AsksTheKernelForWhatItNeeds(t *testing.T) {
	for name, tt := range map[string]struct {
		call        readCall
		calls, rest int // at most; at least
	}{
		"ReadBytes": {count(100_000), 3, 60_000},
		"ReadFull":  {full(100_000), 3, 60_000},
		"ReadUntil": {until("|", 0), 12, 0},
		"little":    {count(10), 1, 190_000},
	} {
		bubble(t, nil, func(h *harness) {
			h.peer.Send(strings.Repeat("x", 100_000) + "|" + strings.Repeat("x", 100_000))
			_, err := tt.call(h.ctx, h.s)
			reads, _ := h.peer.Calls()
			if err != nil || reads > tt.calls || h.peer.Unread() < tt.rest {
				t.Errorf("%s: %d system calls, want %d at most; %d bytes left, want %d at least; %v", name, reads, tt.calls, h.peer.Unread(), tt.rest, err)
			}
		})
	}
}

// A search that waits for the bytes to double does not read beyond its limit for that.
func TestReadUntilRegexp_StopsAtItsLimit(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		h.peer.SetMost(100, 0)
		h.peer.Send(strings.Repeat("x", 10_000))
		h.settle()
		_, err := untilRegexp("y", 600)(h.ctx, h.s)
		h.on(func() {
			if err != stream.ErrTooLong || len(h.s.Unread()) != 600 {
				t.Errorf("%v after %d bytes", err, len(h.s.Unread()))
			}
		})
	})
}

// A search that begins anew is done when the bytes have doubled, and when no more are
// there: it looks at a few times what came.
func TestReadUntilRegexp_IsLinear(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		const total = 1 << 19
		h.peer.SetMost(16, 0)
		h.peer.Send(strings.Repeat("x", total-1) + "\n")
		m := &watched{re: regexp.MustCompile(`\n`)}
		err := h.s.ReadSlowly(h.ctx, m)
		if reads, _ := h.peer.Calls(); err != nil || reads < total/16 {
			t.Fatalf("%d reads, %v", reads, err)
		}
		if m.searches > 25 || m.looked > 4*total {
			t.Errorf("%d searches through %d bytes in all, of %d", m.searches, m.looked, total)
		}
	})
}

type watched struct {
	re       *regexp.Regexp
	searches int
	looked   int
}

func (w *watched) FindIndex(p []byte) []int {
	w.searches++
	w.looked += len(p)
	return w.re.FindIndex(p)
}

func TestRead_NegativeCountsPanic(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		for name, call := range map[string]func(){
			"ReadBytes": func() { h.s.ReadBytes(h.ctx, -1) },
			"Peek":      func() { h.s.Peek(h.ctx, -1) },
			"ReadSome":  func() { h.s.ReadSome(h.ctx, 0) },
		} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s did not panic", name)
					}
				}()
				call()
			}()
		}
	})
}

func TestReadFull_HasNoLimit(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		h.on(func() { h.s.SetMaxRead(10) })
		h.peer.Send(strings.Repeat("x", 1000) + "y")
		p := make([]byte, 1001)
		if n, err := h.s.ReadFull(h.ctx, p); n != 1001 || err != nil || p[1000] != 'y' {
			t.Errorf("%d, %v", n, err)
		}
	})
}

func TestSetMaxRead_BoundsAndComesBack(t *testing.T) {
	for limit, want := range map[int]error{9: stream.ErrTooLong, 10: nil, 0: nil} {
		bubble(t, nil, func(h *harness) {
			h.on(func() { h.s.SetMaxRead(5); h.s.SetMaxRead(limit) })
			h.peer.Send("123456789\n")
			if _, err := h.s.ReadUntil(h.ctx, []byte("\n"), 0); err != want {
				t.Errorf("limit %d: %v, want %v", limit, err, want)
			}
			if want != nil {
				// The stream is closed, and what else is asked of it says why.
				if p, err := h.s.ReadBytes(h.ctx, 9); string(p) != "123456789" || err != nil {
					t.Errorf("what was buffered: %q, %v", p, err)
				}
				if _, err := h.s.ReadBytes(h.ctx, 2); !errors.Is(err, stream.ErrClosed) || !errors.Is(err, want) {
					t.Errorf("next read: %v", err)
				}
				if err := h.s.Write(h.ctx, []byte("x")); !errors.Is(err, stream.ErrClosed) || !errors.Is(err, want) {
					t.Errorf("write: %v", err)
				}
			}
		})
	}
}

// A read in a coroutine makes no garbage but its result, and into the caller's memory none.
func TestRead_Allocations(t *testing.T) {
	bubble(t, nil, func(h *harness) {
		h.peer.Send(strings.Repeat("1234567\n", 4000))
		delim, p := []byte("\n"), make([]byte, 8)
		h.loop.Do(h.ctx, func(ctx context.Context) error {
			for name, tt := range map[string]struct {
				most float64
				call func() error
			}{
				"Read":      {0, func() error { _, err := h.s.Read(ctx, p); return err }},
				"ReadFull":  {0, func() error { _, err := h.s.ReadFull(ctx, p); return err }},
				"ReadBytes": {1, func() error { _, err := h.s.ReadBytes(ctx, 8); return err }},
				"ReadUntil": {1, func() error { _, err := h.s.ReadUntil(ctx, delim, 0); return err }},
			} {
				// Fewer calls than a share of the loop: giving way is not free.
				if got := testing.AllocsPerRun(50, func() {
					if err := tt.call(); err != nil {
						t.Error(err)
					}
				}); got > tt.most {
					t.Errorf("%s: %v allocations, want %v at most", name, got, tt.most)
				}
			}
			return nil
		})
	})
}
