package httpclient_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"eddy/async"
	"eddy/httpclient"
	"eddy/internal/poll"
	"eddy/loop"
)

// Fetches of all kinds, from goroutines and coroutines, that are cancelled at any moment, against servers that answer
// anyhow, in pieces, too early, wrongly or never. After each step the pool, the limiter and what rests there are as they
// must be; every fetch ends, once, with its own response or an Error; and nobody touches a body that is the caller's
// again.
func TestClient_AnySchedule(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		o := httpclient.Options{
			MaxClients: r.IntN(6) - 1, MaxPerHost: r.IntN(4), MaxIdle: 1 + r.IntN(3), ExpectTimeout: pick(r, -1, time.Second),
			RequestTimeout: pick(r, time.Second, 5*time.Second, -1), ReadTimeout: pick(r, time.Second, 3*time.Second),
			QueueTimeout: pick(r, time.Second, 20*time.Second), IdleTimeout: pick(r, -1, time.Second, time.Minute),
			MaxBody: pick[int64](r, 100_000, 1<<20),
		}
		ok := t.Run(fmt.Sprint(seed), func(t *testing.T) {
			onFakeNet(t, o, func(n *fakeNet) { (&schedule{fakeNet: n, r: r, servers: make(map[*poll.Peer]*randomServer)}).run(o) })
		})
		if !ok {
			return
		}
	}
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// schedule is one of them.
type schedule struct {
	*fakeNet
	r       *rand.Rand
	servers map[*poll.Peer]*randomServer
	cancels []context.CancelFunc
	begun   int
	ended   chan struct{}
	fouls   sync.Map // ids of servers that have sent what nobody can make sense of
}

// randomServer is what the far end of one connection has to say.
type randomServer struct {
	id   string
	says string
	last bool // it closes behind that
}

func (m *schedule) run(o httpclient.Options) {
	m.ended = make(chan struct{}, 1000)
	for range 120 {
		switch k := m.r.IntN(20); {
		case k < 4:
			m.begin()
		case k < 14 && len(m.dials) > 0:
			m.serve(m.dials[m.r.IntN(len(m.dials))])
		case k == 14 && len(m.cancels) > 0:
			m.cancels[m.r.IntN(len(m.cancels))]()
		case k == 15 && m.r.IntN(4) == 0:
			m.client.CloseIdle()
		case k < 18:
			time.Sleep(pick(m.r, time.Millisecond, 90*time.Millisecond, 300*time.Millisecond, 2*time.Second))
		}
		synctest.Wait()
		m.check(o)
	}
	switch m.r.IntN(4) {
	case 0:
		m.client.Close()
	case 1:
		m.loop.Close()
	case 2:
		for _, cancel := range m.cancels {
			cancel()
		}
	}
	synctest.Wait()
	for _, p := range m.dials {
		if m.r.IntN(2) == 0 {
			p.CloseWrite()
		}
	}
	time.Sleep(time.Minute)
	for _, cancel := range m.cancels {
		cancel()
	}
	time.Sleep(time.Minute)
	if k := len(m.ended); k != m.begun {
		m.t.Errorf("%d of %d fetches have ended", k, m.begun)
	}
	m.check(o)
}

func (m *schedule) check(o httpclient.Options) {
	m.t.Helper()
	active, _, _ := m.client.Busy()
	if o.MaxClients > 0 && active > o.MaxClients {
		m.t.Fatalf("%d places", active)
	}
	if fault := m.client.Fault(); fault != "" {
		m.t.Fatal(fault)
	}
}

// begin begins a fetch of any kind.
func (m *schedule) begin() {
	r := rand.New(rand.NewPCG(m.r.Uint64(), 2))
	request := &httpclient.Request{URL: server, Method: pick(r, "GET", "PUT", "POST")}
	if body := strings.Repeat("b", pick(r, 0, 10, 20_000, 300_000)); request.Method != "GET" {
		switch r.IntN(3) {
		case 0:
			request.BodyReader = strings.NewReader(body)
		case 1:
			request.BodyProducer = func(ctx context.Context, w io.Writer) error {
				_, err := io.WriteString(w, body)
				async.Sleep(ctx, time.Duration(r.IntN(300))*time.Millisecond)
				return err
			}
		default:
			request.Body = []byte(body)
		}
		request.ExpectContinue = r.IntN(3) == 0
	}
	ctx, cancel := context.WithCancel(context.Background())
	m.cancels = append(m.cancels, cancel)
	m.begun++
	work := func(ctx context.Context) {
		defer func() { m.ended <- struct{}{} }()
		resp, err := m.fetch(ctx, r, request)
		for i := range request.Body {
			request.Body[i] = '!' // the caller's again
		}
		if err == nil {
			err = m.judge(resp)
		}
		if e, ok := err.(*httpclient.Error); err != nil && err != loop.ErrClosed && (!ok || e.Phase == "" || errors.Is(err, async.ErrExited)) {
			m.t.Errorf("%T: %v", err, err)
		}
	}
	if r.IntN(2) == 0 {
		go work(ctx)
	} else {
		m.loop.Spawn(ctx, work)
	}
}

func (m *schedule) fetch(ctx context.Context, r *rand.Rand, request *httpclient.Request) (*httpclient.Response, error) {
	switch r.IntN(3) {
	case 0:
		return m.client.Do(ctx, request)
	case 1:
		return m.client.Fetch(ctx, request).Wait(context.WithoutCancel(ctx))
	}
	s, err := m.client.Stream(ctx, request)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	buf := make([]byte, 1+r.IntN(40_000))
	for r.IntN(50) > 0 {
		n, err := s.Read(buf)
		s.Body = append(s.Body, buf[:n]...)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if r.IntN(4) == 0 {
			async.Sleep(ctx, time.Duration(r.IntN(200))*time.Millisecond)
		}
	}
	return s.Response, nil
}

// judge checks that a body is one server's, as its head says.
func (m *schedule) judge(resp *httpclient.Response) error {
	letter := resp.Header.Get("X-Letter")
	if _, fouls := m.fouls.Load(resp.Header.Get("X-Id")); fouls {
		return nil
	}
	if strings.Trim(string(resp.Body), letter) != "" {
		return fmt.Errorf("a body of %d bytes is not all %q", len(resp.Body), letter)
	}
	return nil
}

// serve lets a server do something.
func (m *schedule) serve(p *poll.Peer) {
	s := m.servers[p]
	if s == nil {
		s = &randomServer{id: fmt.Sprint(len(m.servers))}
		m.servers[p] = s
	}
	asked := p.Take()
	if strings.Contains(asked, "!") {
		m.t.Error("a body was sent that is the caller's")
	}
	for range strings.Count(asked, " HTTP/1.1\r\n") {
		m.answerAnyhow(s)
	}
	switch m.r.IntN(30) {
	case 0:
		p.Reset(syscall.ECONNRESET)
	case 1:
		p.CloseWrite()
	case 2:
		p.SetRoom(m.r.IntN(100_000))
	case 3, 4, 5:
		p.SetRoom(-1)
	case 6:
		p.SetMost(1+m.r.IntN(5000), 1+m.r.IntN(5000))
	case 7:
		m.fouls.Store(s.id, true)
		p.Send(pick(m.r, "\r\n", "HTTP/1.1 200", "x", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "0\r\n\r\n"))
	default:
		n := m.r.IntN(len(s.says) + 1)
		if m.r.IntN(2) == 0 {
			n = len(s.says)
		}
		p.Send(s.says[:n])
		if s.says = s.says[n:]; s.says == "" && s.last {
			p.CloseWrite()
		}
	}
}

// answerAnyhow lets a server say more.
func (m *schedule) answerAnyhow(s *randomServer) {
	letter := string(rune('a' + m.r.IntN(26)))
	fields := fmt.Sprintf("X-Id: %s\r\nX-Letter: %s\r\n", s.id, letter)
	body := strings.Repeat(letter, pick(m.r, 0, 2, 1000, 70_000, 200_000))
	length := fmt.Sprintf("Content-Length: %d\r\n", len(body))
	switch m.r.IntN(12) {
	case 0, 1:
		s.says += "HTTP/1.1 100 Continue\r\n\r\n"
	case 2:
		s.says += "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
	case 3:
		s.says += "HTTP/1.1 302 Found\r\nLocation: /b\r\n" + fields + length + "\r\n" + body
		return
	case 4:
		s.says += "HTTP/1.1 417 No\r\n" + fields + length + "\r\n" + body
		return
	case 5:
		s.says += "HTTP/1.1 200 OK\r\n" + fields + "\r\n" + body
		s.last = true
		return
	case 6:
		s.says += "HTTP/1.1 404 No\r\nConnection: close\r\n" + fields + length + "\r\n" + body
		s.last = true
		return
	case 7:
		s.says += "HTTP/1.1 200 OK\r\n" + fields + "Content-Length: 1000000\r\n\r\n" + body
		s.last = true
		return
	}
	if m.r.IntN(2) == 0 {
		s.says += "HTTP/1.1 200 OK\r\n" + fields + length + "\r\n" + body
		return
	}
	s.says += "HTTP/1.1 200 OK\r\n" + fields + "Transfer-Encoding: chunked\r\n\r\n"
	for len(body) > 0 {
		n := 1 + m.r.IntN(len(body))
		s.says += fmt.Sprintf("%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	s.says += "0\r\nX-Sum: 1\r\n\r\n"
}
