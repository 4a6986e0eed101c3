package main

import (
	"context"
	"crypto/tls"
	"io"
	"strconv"

	"eddy/async"
	"eddy/bench"
	"eddy/httpserver"
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

// serve runs the server, in clear and by TLS.
func serve(o options) error {
	cert, err := bench.Certificate()
	if err != nil {
		return err
	}
	app := web.NewApplicationWith(web.Settings{AccessLog: func(*web.RequestHandler) {}}, web.URL("/", body{options: &o}))
	return bench.Serve(app, httpserver.Options{TLS: &tls.Config{Certificates: []tls.Certificate{cert}}})
}
