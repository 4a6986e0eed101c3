// Command tlsproxy takes TLS off connections and passes them on in clear. A slow reader costs
// some hundred KiB at most. An end is passed on as an end, and a failure never is.
//
//	go run ./examples/tlsproxy -listen :8443 -cert cert.pem -key key.pem -upstream 127.0.0.1:8080
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"io"
	"log"
	"os/signal"
	"syscall"
	"time"

	"eddy/async"
	"eddy/loop"
	"eddy/stream"
	"eddy/tcp"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8443", "take TLS connections on `address`")
	cert := flag.String("cert", "cert.pem", "certificate `file`, read again when it changes")
	key := flag.String("key", "key.pem", "the certificate's key `file`")
	upstream := flag.String("upstream", "127.0.0.1:8080", "pass them on to `address`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	if err := run(ctx, *listen, *cert, *key, *upstream, func(addr string) { log.Print("listening on ", addr) }); err != nil {
		log.Fatal(err)
	}
}

// run serves until ctx ends, and lets the connections come to their ends.
func run(ctx context.Context, listen, cert, key, upstream string, listening func(addr string)) error {
	pair, err := tcp.LoadKeyPair(cert, key)
	if err != nil {
		return err
	}
	group, err := loop.NewGroup(0, loop.Options{}) // a loop for each processor
	if err != nil {
		return err
	}
	defer group.Close()
	l, err := tcp.Listen(ctx, listen, tcp.ListenOptions{})
	if err != nil {
		return err
	}
	server := tcp.NewServer(func(ctx context.Context, s *stream.Stream) error { return serve(ctx, s, upstream) },
		tcp.ServerOptions{TLS: &tls.Config{GetCertificate: pair.GetCertificate}})
	if err := server.ServeTLS(group, l); err != nil {
		return err
	}
	listening(l.Addr().String())
	<-ctx.Done()
	drain, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return server.Shutdown(drain)
}

// serve connects a client with the upstream, on one loop, until both have said all, or one has failed.
func serve(ctx context.Context, client *stream.Stream, upstream string) error {
	ctx = context.WithoutCancel(ctx) // which ends for a client that has sent all and waits for long
	server, err := tcp.Dial(ctx, upstream, tcp.DialOptions{})
	if err != nil { // and no close_notify: it is not the upstream that has ended
		return client.Loop().Do(ctx, func(context.Context) error { client.CloseNow(); return err })
	}
	defer server.Loop().Post(server.CloseNow) // what takes no context belongs to the loop
	there := async.Go(ctx, func(ctx context.Context) (any, error) { return nil, pass(ctx, server, client) })
	back := async.Go(ctx, func(ctx context.Context) (any, error) { return nil, pass(ctx, client, server) })
	_, err = async.Gather(async.Quiet(ctx), there, back) // quiet: when one fails, so does the other
	return err
}

// pass sends to dst what comes from src, and then its end.
func pass(ctx context.Context, dst, src *stream.Stream) error {
	src.Loop().Post(func() {
		src.OnClose(func(err error) {
			if err != nil { // dst may be stuck, and not know
				dst.CloseNow()
			}
		})
	})
	data, err := src.ReadSome(ctx, 64<<10)
	for err == nil && dst.Write(ctx, data) == nil { // it parks while much waits for dst's peer: the backpressure
		data, err = src.ReadSome(ctx, 64<<10)
	}
	return src.Loop().Do(ctx, func(ctx context.Context) error {
		if err == io.EOF && !src.Truncated() { // by TLS' own word, not by somebody between
			dst.CloseWrite()
			return dst.Flush(ctx)
		}
		src.CloseNow()
		dst.CloseNow()
		return err
	})
}
