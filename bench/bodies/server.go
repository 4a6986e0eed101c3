package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"strconv"
	"time"

	"eddy"
	"eddy/async"
	"eddy/web"
)

// body is the server's only resource: it takes uploads slowly, and gives downloads as fast as they
// are taken.
type body struct {
	web.RequestHandler
	options *options
}

func (h *body) Post(ctx context.Context) error {
	if err := h.SetMaxBody(-1); err != nil {
		return err
	}
	var got int64
	for {
		n, err := io.CopyN(io.Discard, h.Request.Body, h.options.portion)
		got += n
		switch {
		case err == io.EOF:
			return h.Text(strconv.FormatInt(got, 10))
		case err != nil:
			return err
		}
		if err := async.Sleep(ctx, h.options.rest); err != nil {
			return err
		}
	}
}

func (h *body) Get(ctx context.Context) error {
	h.SetHeader("Content-Type", "application/octet-stream")
	for piece, left := make([]byte, 64<<10), h.options.size; left > 0; left -= int64(len(piece)) {
		piece = piece[:min(int64(len(piece)), left)]
		h.Write(piece)
		if err := h.Flush(ctx); err != nil {
			return err
		}
	}
	return nil
}

// serve runs the server until in ends, and tells out where it listens: in clear and by TLS.
func serve(o options, in io.Reader, out io.Writer) error {
	cert, err := certificate()
	if err != nil {
		return err
	}
	app := web.NewApplicationWith(web.Settings{AccessLog: func(*web.RequestHandler) {}}, web.URL("/", body{options: &o}))
	settings := eddy.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	settings.HTTP.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	s, err := eddy.New(app, settings)
	if err != nil {
		return err
	}
	defer s.Close()
	ctx := context.Background()
	plain, err := s.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	secure, err := s.ListenTLS(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, plain, secure)
	_, err = io.Copy(io.Discard, in)
	return err
}

// certificate makes one that nobody trusts.
func certificate() (c tls.Certificate, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return c, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
