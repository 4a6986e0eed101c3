// Package eddy serves web applications on event loops.
//
// Kind: surface, the top of the house. Applications are made with package web; any
// http.Handler will do, too:
//
//	func main() {
//		app := web.NewApplication(web.URL("/", Main{}))
//		if err := eddy.Run(context.Background(), ":8888", app); err != nil {
//			log.Fatal(err)
//		}
//	}
//
// [Run] is a whole program's main loop. [Server] gives finer control: several addresses,
// limits and timeouts, a shutdown of one's own.
package eddy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"eddy/httpserver"
	"eddy/tcp"
)

// Run serves h on addr, "host:port" or "unix:path", until ctx ends or the process is told
// to stop by SIGINT or SIGTERM. It then stops accepting, lets busy requests finish for as
// long as [Options] say by default (30 seconds), and returns nil, or an error if some had to be cut.
// A second signal cuts them at once. The address is logged when the server is ready.
func Run(ctx context.Context, addr string, h http.Handler) error {
	signals := notify() // before anybody can know that the server is there
	defer signal.Stop(signals)
	s, err := New(h, Options{})
	if err != nil {
		return err
	}
	if _, err := s.Listen(ctx, addr); err != nil {
		s.Close()
		return err
	}
	return s.run(ctx, signals)
}

// RunTLS is Run for HTTPS, with the certificate (or chain) and key of two PEM files. They may
// be replaced while the server runs: see [tcp.KeyPair]. For more say over TLS, set
// [Options].HTTP.TLS and call [Server.ListenTLS].
func RunTLS(ctx context.Context, addr, certFile, keyFile string, h http.Handler) error {
	pair, err := tcp.LoadKeyPair(certFile, keyFile)
	if err != nil {
		return fmt.Errorf("eddy: %w", err)
	}
	signals := notify()
	defer signal.Stop(signals)
	s, err := New(h, Options{HTTP: httpserver.Options{TLS: &tls.Config{GetCertificate: pair.GetCertificate}}})
	if err != nil {
		return err
	}
	if _, err := s.ListenTLS(ctx, addr); err != nil {
		s.Close()
		return err
	}
	return s.run(ctx, signals)
}

// Run waits until ctx ends or a signal comes, and shuts the server down as the function
// [Run] does.
func (s *Server) Run(ctx context.Context) error {
	signals := notify()
	defer signal.Stop(signals)
	return s.run(ctx, signals)
}

func notify() chan os.Signal {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	return signals
}

func (s *Server) run(ctx context.Context, signals <-chan os.Signal) error {
	more := 1 // signals that cut the drain short
	select {
	case sig := <-signals:
		s.options.Logger.Info("shutting down", slog.String("signal", sig.String()))
	case <-ctx.Done():
		more = 2 // the first one may be what has ended ctx (signal.NotifyContext)
	case <-s.closed:
		return nil
	}
	drain, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), s.options.DrainTimeout, errDrain)
	defer cancel()
	go func() {
		for range more {
			select {
			case <-signals:
			case <-drain.Done():
				return
			}
		}
		cancel()
	}()
	return s.Shutdown(drain)
}

var errDrain = errors.New("eddy: the drain timeout has passed")
