package httpserver_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"eddy/async"
	"eddy/httpserver"
	"eddy/httputil"
)

// whim is a handler that reads and writes as a seed has it. Its response begins with its path.
type whim struct {
	t     *testing.T
	short map[string]bool // those that ended in a way that breaks the connection
}

func (v *whim) ServeRequest(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
	var seed uint64
	fmt.Sscanf(r.Path, "/%d", &seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	body := r.Path + strings.Repeat("x", rnd.IntN(50_000))
	length := int64(-1)
	if rnd.IntN(2) == 0 {
		length = int64(len(body))
	}
	status := []int{200, 200, 200, 204, 304, 205, 404}[rnd.IntN(7)]
	head, sent := false, 0
	for range rnd.IntN(12) {
		switch rnd.IntN(12) {
		case 0, 1:
			io.CopyN(io.Discard, r.Body, rnd.Int64N(200))
		case 2:
			io.Copy(io.Discard, r.Body)
		case 3:
			async.Sleep(ctx, time.Duration(rnd.IntN(1000))*time.Millisecond)
		case 4:
			w.Flush()
		case 5:
			if !head {
				w.WriteHead([]int{100, 103}[rnd.IntN(2)], "", &httputil.Header{}, 0)
			}
		case 6:
			w.(deadlines).SetReadDeadline(time.Now().Add(time.Hour))
			w.(deadlines).SetWriteDeadline(time.Now().Add(time.Hour))
		case 7:
			var h httputil.Header
			h.Append("Sum", "1")
			w.SetTrailer(&h)
		case 8:
			r.Body.Close()
		case 9:
			go io.Copy(io.Discard, r.Body) // left behind
			async.Sleep(ctx, time.Millisecond)
			goto rest
		default:
			if !head {
				head = true
				if err := w.WriteHead(status, "", &httputil.Header{}, length); err != nil {
					v.t.Error(err)
				}
			}
			n := rnd.IntN(len(body) - sent + 1)
			if _, err := io.WriteString(w, body[sent:sent+n]); err != nil {
				v.t.Error(err)
			}
			sent += n
		}
	}
rest:
	switch rnd.IntN(20) {
	case 0:
		v.short[r.Path] = head
		panic("whim")
	case 1:
		v.short[r.Path] = true
		panic(http.ErrAbortHandler)
	}
	if !head {
		w.WriteHead(status, "", &httputil.Header{}, length)
	}
	io.WriteString(w, body[sent:])
	if rnd.IntN(3) == 0 {
		w.Finish()
		async.Sleep(ctx, time.Duration(rnd.IntN(1000))*time.Millisecond)
	}
}

func whimRequest(rnd *rand.Rand, seed uint64) (text, method string) {
	method = []string{"GET", "POST", "HEAD", "PUT"}[rnd.IntN(4)]
	text = fmt.Sprintf("%s /%d HTTP/1.1\r\nHost: h\r\n", method, seed)
	n := rnd.IntN(400)
	if rnd.IntN(5) == 0 {
		n = 300_000
	}
	expect := ""
	if rnd.IntN(4) == 0 {
		expect = "Expect: 100-continue\r\n"
	}
	switch rnd.IntN(4) {
	case 0:
		return text + fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", expect, n, strings.Repeat("b", n)), method
	case 1:
		return text + fmt.Sprintf("%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\nA: b\r\n\r\n", expect, n+1, strings.Repeat("b", n+1)), method
	}
	return text + "\r\n", method
}

// Whatever handlers do, each request has its own response, framed as it says, and the connection ends
// where a response has said so, and nowhere else.
func TestRandom_ConnectionsEndWhereTheySay(t *testing.T) {
	for seed := range uint64(200) {
		v := &whim{t, map[string]bool{}}
		bubble(t, v, httpserver.Options{BodyTimeout: time.Hour, WriteTimeout: time.Hour, IdleTimeout: time.Hour}, func(h *harness) {
			rnd := rand.New(rand.NewPCG(seed, 2))
			p := h.connect()
			var all, methods, out = "", []string{}, ""
			const requests = 6
			for i := range uint64(requests) {
				text, method := whimRequest(rnd, seed*requests+i)
				all += text
				methods = append(methods, method)
			}
			for all != "" {
				n := 1 + rnd.IntN(len(all))
				if rnd.IntN(2) == 0 {
					n = min(len(all), 1+rnd.IntN(300))
				}
				p.SetRoom(rnd.IntN(100_000))
				out += h.send(p, all[:n])
				all = all[n:]
				time.Sleep(time.Duration(rnd.IntN(1000)) * time.Millisecond)
			}
			for range 10 {
				p.SetRoom(-1)
				time.Sleep(10 * time.Second)
				out += h.take(p)
			}
			rd := bufio.NewReader(strings.NewReader(out))
			for i, method := range methods {
				path := fmt.Sprintf("/%d", seed*requests+uint64(i))
				resp, err := http.ReadResponse(rd, &http.Request{Method: method})
				for err == nil && resp.StatusCode < 200 {
					resp, err = http.ReadResponse(rd, &http.Request{Method: method})
				}
				var body []byte
				if err == nil {
					body, err = io.ReadAll(resp.Body)
				}
				if err != nil {
					before := fmt.Sprintf("/%d", seed*requests+uint64(i)-1) // may have had no body to cut
					if !v.short[path] && !v.short[before] || !isGone(p) {
						t.Errorf("seed %d, %s %s: %v, gone %v", seed, method, path, err, isGone(p))
					}
					return
				}
				if len(body) > 0 && !strings.HasPrefix(string(body), path) && resp.StatusCode != 500 {
					t.Errorf("seed %d, %s %s: %d %.30q", seed, method, path, resp.StatusCode, body)
				}
				if resp.Close {
					if rest, _ := io.ReadAll(rd); len(rest) > 0 || !isGone(p) {
						t.Errorf("seed %d, %s: said close, gone %v, %.100q", seed, path, isGone(p), rest)
					}
					return
				}
			}
			if isGone(p) && !v.short[fmt.Sprintf("/%d", seed*requests+requests-1)] {
				t.Errorf("seed %d: gone without a word", seed)
			}
		})
	}
}

// erratic is a handler that sets deadlines, waits, reads and writes as rnd has it, and minds no error.
func erratic(rnd *rand.Rand) handlerFunc {
	seconds := func(least, most int) time.Duration { return time.Duration(least+rnd.IntN(most-least)) * time.Second }
	return func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		for range rnd.IntN(8) {
			switch rnd.IntN(8) {
			case 0:
				w.(deadlines).SetReadDeadline(time.Now().Add(seconds(-5, 25)))
			case 1:
				w.(deadlines).SetWriteDeadline(time.Now().Add(seconds(-2, 28)))
			case 2:
				w.(deadlines).SetWriteDeadline(time.Time{})
				w.(deadlines).SetReadDeadline(time.Time{})
			case 3:
				async.Sleep(ctx, seconds(0, 10))
			case 4:
				io.CopyN(io.Discard, r.Body, 300)
			case 5:
				w.WriteHead(200, "", &httputil.Header{}, -1)
				io.WriteString(w, strings.Repeat("x", rnd.IntN(300_000)))
			case 6:
				w.Flush()
			case 7:
				r.SetBodyTimeout(seconds(0, 20))
			}
		}
	}
}

// Whatever handlers and clients do, the deadlines end every connection.
func TestRandom_EveryConnectionEnds(t *testing.T) {
	for seed := range uint64(150) {
		o := httpserver.Options{BodyTimeout: 10 * time.Second, WriteTimeout: 20 * time.Second, IdleTimeout: 15 * time.Second, HeaderTimeout: 10 * time.Second}
		if seed%3 == 0 {
			o.RequestTimeout = 15 * time.Second
		}
		bubble(t, erratic(rand.New(rand.NewPCG(seed, 3))), o, func(h *harness) {
			rnd := rand.New(rand.NewPCG(seed, 4))
			p := h.connect()
			for range 5 {
				text, _ := whimRequest(rnd, seed)
				n := rnd.IntN(len(text) + 1)
				p.SetRoom(rnd.IntN(200_000))
				h.send(p, text[:n])
				time.Sleep(time.Duration(rnd.IntN(8000)) * time.Millisecond)
				p.Send(text[n:])
			}
			if rnd.IntN(3) == 0 {
				p.CloseWrite()
			}
			for range 50 {
				time.Sleep(10 * time.Second)
				h.take(p)
				p.SetRoom(1)
				if seed%2 == 0 {
					p.Send("x")
				}
			}
			if h.take(p); !closed(p) {
				t.Errorf("seed %d: open", seed)
			}
		})
	}
}
