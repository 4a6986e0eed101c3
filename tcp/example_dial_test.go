package tcp_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"eddy/loop"
	"eddy/tcp"
)

// A server that greets who comes.
func greeter() net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(c, "hello\n")
			c.Close()
		}
	}()
	return l
}

func ExampleDial() {
	server := greeter()
	defer server.Close()
	l, err := loop.New(loop.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	go l.Run()
	defer l.Close()

	// In a handler, the context is the handler's, and its loop serves others meanwhile.
	err = l.Do(context.Background(), func(ctx context.Context) error {
		s, err := tcp.Dial(ctx, server.Addr().String(), tcp.DialOptions{})
		if err != nil {
			return err
		}
		defer s.Close()
		line, err := s.ReadUntil(ctx, []byte("\n"), 100)
		fmt.Printf("%q\n", line)
		return err
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: "hello\n"
}

// An address that comes from outside must not lead to what only this machine, or its
// network, may reach.
func ExampleDial_allow() {
	l, err := loop.New(loop.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	go l.Run()
	defer l.Close()
	public := func(a netip.AddrPort) error {
		if ip := a.Addr(); !ip.IsGlobalUnicast() || ip.IsPrivate() {
			return errors.New("not a public address")
		}
		return nil
	}
	for _, addr := range []string{"localhost:80", "[::ffff:10.0.0.1]:80", "unix:/run/docker.sock"} {
		_, err = tcp.Dial(context.Background(), addr, tcp.DialOptions{Loop: l, Allow: public, Family: tcp.IPv4})
		fmt.Println(err)
	}
	// Output:
	// tcp: dial "localhost:80": allow: 127.0.0.1:80: not a public address
	// tcp: dial "[::ffff:10.0.0.1]:80": allow: 10.0.0.1:80: not a public address
	// tcp: dial "unix:/run/docker.sock": allow: a Unix socket cannot be shown to Allow
}

// In a test, names lead to servers of the test.
func ExampleOverrideResolver() {
	r := &tcp.OverrideResolver{Overrides: map[tcp.Query]string{
		{Host: "api.example"}:             "127.0.0.1:8080",
		{Host: "api.example", Port: 443}:  "127.0.0.1:8443",
		{Host: "db.example"}:              "localhost",
		{Host: "db.example", Port: 5433}:  "127.0.0.7",
		{Host: "six.example", Port: 5433}: "::1",
	}}
	for _, q := range []tcp.Query{
		{Host: "api.example", Port: 80}, {Host: "api.example", Port: 443}, {Host: "db.example", Port: 5433}, {Host: "six.example", Port: 5433},
	} {
		addrs, err := r.Resolve(context.Background(), q)
		fmt.Println(q.Host, q.Port, addrs, err)
	}
	// Output:
	// api.example 80 [127.0.0.1:8080] <nil>
	// api.example 443 [127.0.0.1:8443] <nil>
	// db.example 5433 [127.0.0.7:5433] <nil>
	// six.example 5433 [[::1]:5433] <nil>
}
