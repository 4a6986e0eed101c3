package tcp_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"

	"eddy/loop"
	"eddy/stream"
	"eddy/tcp"
)

// The two ways to share connections among loops: one loop accepts and hands over to the loop
// with the fewest, which is what Serve does, or every loop accepts on a socket of its own
// (SO_REUSEPORT), and the kernel spreads by a hash. docs/performance.md has the figures.

// handOver is the first way.
func handOver(b *testing.B, g *loop.Group) net.Addr {
	l, err := tcp.Listen(b.Context(), "127.0.0.1:0", tcp.ListenOptions{})
	if err != nil {
		b.Fatal(err)
	}
	s := tcp.NewServer(untilEOF, tcp.ServerOptions{Logger: quiet})
	if err := s.Serve(g, l); err != nil {
		b.Fatal(err)
	}
	return l.Addr()
}

// reusePort is the second way. Each server has a group's single loop.
func reusePort(b *testing.B, groups []*loop.Group) net.Addr {
	addr := "127.0.0.1:0"
	var first net.Addr
	for _, g := range groups {
		l, err := tcp.Listen(b.Context(), addr, tcp.ListenOptions{ReusePort: true})
		if errors.Is(err, errors.ErrUnsupported) {
			b.Skip(err)
		}
		if err != nil {
			b.Fatal(err)
		}
		first, addr = l.Addr(), l.Addr().String()
		if err := tcp.NewServer(untilEOF, tcp.ServerOptions{Logger: quiet}).Serve(g, l); err != nil {
			b.Fatal(err)
		}
	}
	return first
}

func untilEOF(ctx context.Context, s *stream.Stream) error {
	var p [1]byte
	_, err := s.Read(ctx, p[:])
	return err
}

const benchLoops = 4

func group(b *testing.B, loops int) *loop.Group {
	g, err := loop.NewGroup(loops, loop.Options{Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { g.Close() })
	return g
}

// eachWay runs f with a server of four loops that gets its connections in either way.
func eachWay(b *testing.B, f func(b *testing.B, to net.Addr, loops []*loop.Loop)) {
	b.Run("handover", func(b *testing.B) {
		g := group(b, benchLoops)
		f(b, handOver(b, g), g.Loops())
	})
	b.Run("reuseport", func(b *testing.B) {
		var groups []*loop.Group
		var loops []*loop.Loop
		for range benchLoops {
			g := group(b, 1)
			groups, loops = append(groups, g), append(loops, g.Loops()...)
		}
		f(b, reusePort(b, groups), loops)
	})
}

// BenchmarkServe_Churn connects and closes: the client's side of it is most of the cost.
func BenchmarkServe_Churn(b *testing.B) {
	eachWay(b, func(b *testing.B, to net.Addr, _ []*loop.Loop) {
		b.ReportAllocs()
		var failed atomic.Pointer[error]
		b.SetParallelism(16)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				c, err := net.Dial("tcp", to.String())
				if err != nil {
					failed.Store(&err)
					return
				}
				c.(*net.TCPConn).SetLinger(0) // so that ports are free again at once
				c.Close()
			}
		})
		if err := failed.Load(); err != nil {
			b.Fatal(*err)
		}
	})
}

// BenchmarkServe_Evenness opens a thousand connections that stay, and reports how many the
// fullest loop and the emptiest one have.
func BenchmarkServe_Evenness(b *testing.B) {
	eachWay(b, func(b *testing.B, to net.Addr, loops []*loop.Loop) {
		const long = 1000
		var most, least int64
		for b.Loop() {
			var conns []net.Conn
			for range long {
				c, err := net.Dial("tcp", to.String())
				if err != nil {
					b.Fatal(err)
				}
				conns = append(conns, c)
			}
			waitForLoad(loops, long)
			most, least = 0, long
			for _, l := range loops {
				most, least = max(most, l.Load()), min(least, l.Load())
			}
			for _, c := range conns {
				c.Close()
			}
			waitForLoad(loops, 0)
		}
		b.ReportMetric(float64(most), "fullest")
		b.ReportMetric(float64(least), "emptiest")
	})
}

// waitForLoad turns the loops until they have so many connections together.
func waitForLoad(loops []*loop.Loop, want int64) {
	for {
		var sum int64
		for _, l := range loops {
			l.Do(context.Background(), func(context.Context) error { return nil })
			sum += l.Load()
		}
		if sum == want {
			return
		}
	}
}
