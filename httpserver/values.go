package httpserver

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
)

// Value returns what a handler's context has of its own, for code that is written for net/http:
// http.LocalAddrContextKey, and http.ServerContextKey, by which such code knows that it runs in a
// server and may panic with http.ErrAbortHandler. All else is the parent's.
func (x *exchange) Value(key any) any {
	if v := x.Context.Value(key); v != nil {
		return v
	}
	switch key {
	case http.LocalAddrContextKey:
		return netAddr(x.LocalAddr())
	case http.ServerContextKey:
		return x.conn.server.likeness
	}
	return nil
}

func netAddr(a netip.AddrPort) net.Addr {
	if !a.IsValid() {
		return &net.UnixAddr{Net: "unix"} // it has no other
	}
	return net.TCPAddrFromAddrPort(a)
}

// likenessOf returns what stands for s where an *http.Server is looked for. It serves nothing, and
// of its fields only ErrorLog is set.
func likenessOf(s *Server) *http.Server {
	return &http.Server{ErrorLog: slog.NewLogLogger(s.options.Logger.Handler(), slog.LevelError)}
}
