package bench

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"eddy"
	"eddy/httpserver"
)

// Serve has Eddy serve h on a free port of loopback, and on a second one by TLS if there is a configuration of that. It
// says where in one line on the standard output, as a child does, logs nothing, and returns as [eddy.Server.Run] does.
func Serve(h http.Handler, o httpserver.Options) error {
	s, err := eddy.New(h, eddy.Options{Logger: slog.New(slog.DiscardHandler), HTTP: o})
	if err != nil {
		return err
	}
	ctx := context.Background()
	addr, err := s.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	addrs := []any{addr}
	if o.TLS != nil {
		if addr, err = s.ListenTLS(ctx, "127.0.0.1:0"); err != nil {
			return err
		}
		addrs = append(addrs, addr)
	}
	fmt.Println(addrs...)
	return s.Run(ctx)
}

// ServeNet has serve take connections of package net from a free port of loopback, and says which, as Serve does.
func ServeNet(serve func(net.Listener) error) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	return serve(l)
}
