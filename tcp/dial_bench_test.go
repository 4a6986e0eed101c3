//go:build unix

package tcp_test

import (
	"context"
	"net"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"eddy/tcp"
)

// hangUp makes a connection end by a reset, so that its port is free at once.
func hangUp(_, _ string, c syscall.RawConn) error {
	return c.Control(func(s uintptr) {
		unix.SetsockoptLinger(int(s), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	})
}

// A connection made and closed again, by Dial in a coroutine and by package net.
func BenchmarkDial(b *testing.B) {
	b.Run("Eddy", func(b *testing.B) {
		l := dialLoop(b)
		addr := echoing(b, "tcp", "127.0.0.1:0")
		b.ReportAllocs()
		l.Do(b.Context(), func(ctx context.Context) error {
			for b.Loop() {
				s, err := tcp.Dial(ctx, addr, tcp.DialOptions{Control: hangUp})
				if err != nil {
					b.Error(err)
					return err
				}
				s.CloseNow()
			}
			return nil
		})
	})
	b.Run("net", func(b *testing.B) {
		addr := echoing(b, "tcp", "127.0.0.1:0")
		d := net.Dialer{Control: hangUp}
		b.ReportAllocs()
		for b.Loop() {
			c, err := d.Dial("tcp", addr)
			if err != nil {
				b.Fatal(err)
			}
			c.Close()
		}
	})
}

// A name in the cache.
func BenchmarkCaching(b *testing.B) {
	r := &tcp.CachingResolver{Resolver: names{"name": addrs(a4, a6)}}
	q := tcp.Query{Host: "name", Port: 80}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Resolve(b.Context(), q); err != nil {
			b.Fatal(err)
		}
	}
}
