package eddy

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"eddy/httpserver"
	"eddy/httputil"
	"eddy/internal/nethttp"
	"eddy/loop"
	"eddy/tcp"
)

// DefaultDrainTimeout is how long Run lets busy requests finish.
const DefaultDrainTimeout = 30 * time.Second

// Options configures a [Server]. The zero value is good.
type Options struct {
	// Loops is the number of event loops. Default: one for each processor that Go uses
	// (GOMAXPROCS).
	Loops int

	// HandOffAfter is how long a handler may run without parking before its loop goes on
	// without it. Default: 1 millisecond; negative: never. See [loop.Options].
	HandOffAfter time.Duration

	// BlockingLogThreshold is how long a loop may be stuck before the log tells where.
	// Default: 100 milliseconds; negative: never. See [loop.Options].
	BlockingLogThreshold time.Duration

	// HeapReserve is how many bytes the garbage collector takes for live data in a busy program that has little.
	// Default: 16 MiB; negative: none for this server. See [loop.Options].
	HeapReserve int64

	// HTTP holds limits and timeouts.
	HTTP httpserver.Options

	// DrainTimeout is how long Run lets busy requests finish. Default: 30 seconds.
	DrainTimeout time.Duration

	// OnShutdown is called once when the server is about to stop, before it waits for
	// busy requests. It is the place to answer long polls, which would otherwise take their
	// time.
	OnShutdown func()

	// Logger is for the server's own messages, and for HTTP's if that has none.
	// Default: slog.Default().
	Logger *slog.Logger
}

// Server runs a handler on event loops. Its methods may be called from any goroutine, but
// not from a handler.
type Server struct {
	options Options
	group   *loop.Group
	http    *httpserver.Server
	once    sync.Once
	closed  chan struct{}
}

// New starts the loops of a server; it serves nothing until Listen. A handler that is an
// httputil.Handler, as a web.Application is, runs without the cost of net/http's types.
func New(h http.Handler, o Options) (*Server, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.HTTP.Logger == nil {
		o.HTTP.Logger = o.Logger
	}
	if o.DrainTimeout <= 0 {
		o.DrainTimeout = DefaultDrainTimeout
	}
	native, ok := h.(httputil.Handler)
	if !ok {
		native = nethttp.Handler(h)
	}
	group, err := loop.NewGroup(o.Loops, loop.Options{
		Logger:               o.Logger,
		HandOffAfter:         o.HandOffAfter,
		BlockingLogThreshold: o.BlockingLogThreshold,
		HeapReserve:          o.HeapReserve,
	})
	if err != nil {
		return nil, fmt.Errorf("eddy: %w", err)
	}
	return &Server{
		options: o,
		group:   group,
		http:    httpserver.New(native, o.HTTP),
		closed:  make(chan struct{}),
	}, nil
}

// Listen begins to serve on addr: "host:port", with port 0 for any free port, or
// "unix:path". It returns the address at once, logs it, and may be called for several
// addresses.
func (s *Server) Listen(ctx context.Context, addr string) (net.Addr, error) {
	return s.listen(ctx, addr, "http", s.http.Serve)
}

// ListenTLS is Listen for HTTPS, by the configuration in Options.HTTP.TLS.
func (s *Server) ListenTLS(ctx context.Context, addr string) (net.Addr, error) {
	return s.listen(ctx, addr, "https", s.http.ServeTLS)
}

// Serve serves a listener of one's own: one that was inherited, has a mode or a backlog, or
// expects PROXY headers. See [tcp.Listen], [tcp.FromSystemd], [tcp.Listener.UseProxyProtocol]. It
// is the server's from then on, also if Serve fails.
func (s *Server) Serve(l *tcp.Listener) error { return s.serve(l, "http", s.http.Serve) }

// ServeTLS is Serve for HTTPS, by the configuration in Options.HTTP.TLS.
func (s *Server) ServeTLS(l *tcp.Listener) error { return s.serve(l, "https", s.http.ServeTLS) }

func (s *Server) serve(l *tcp.Listener, scheme string, serve func(*loop.Group, *tcp.Listener) error) error {
	if err := serve(s.group, l); err != nil {
		return fmt.Errorf("eddy: %w", err)
	}
	for _, a := range l.Addrs() {
		s.options.Logger.Info("listening", slog.String("url", urlOf(scheme, a)))
	}
	return nil
}

func (s *Server) listen(ctx context.Context, addr, scheme string, serve func(*loop.Group, *tcp.Listener) error) (net.Addr, error) {
	l, err := tcp.Listen(ctx, addr, tcp.ListenOptions{})
	if err != nil {
		return nil, fmt.Errorf("eddy: %w", err)
	}
	if err := s.serve(l, scheme, serve); err != nil {
		return nil, err
	}
	return l.Addr(), nil
}

func urlOf(scheme string, a net.Addr) string {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return a.Network() + ":" + a.String()
	}
	host := t.IP.String()
	if t.IP.IsUnspecified() {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, fmt.Sprint(t.Port)) + "/"
}

// Stats returns what the server's loops have done and hold: callbacks, descriptors, lag, busy
// time, handlers that blocked. For expvar:
//
//	expvar.Publish("loops", expvar.Func(func() any { return server.Stats() }))
//
// Any goroutine.
func (s *Server) Stats() loop.GroupStats { return s.group.Stats() }

// Connections returns how many connections are open.
func (s *Server) Connections() int { return s.http.Connections() }

// Shutdown stops accepting, closes idle connections, waits for busy requests until ctx
// ends, closes what is left, and frees the loops. Its error is an
// *httpserver.CutError if requests had to be cut. Later calls do nothing.
func (s *Server) Shutdown(ctx context.Context) (err error) {
	s.once.Do(func() {
		if s.options.OnShutdown != nil {
			s.options.OnShutdown()
		}
		err = s.http.Shutdown(ctx)
		if e := s.group.Close(); err == nil && e != nil {
			err = fmt.Errorf("eddy: %w", e)
		}
		close(s.closed)
	})
	return err
}

// Close closes everything at once. A Shutdown that is under way ends, too.
func (s *Server) Close() error {
	s.http.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s.Shutdown(ctx)
	return nil
}
