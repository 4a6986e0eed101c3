package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"eddy/async"
	"eddy/httpclient"
	"eddy/web"
)

// newApplication returns the application; root is the directory of /static/, "" for none, and client
// is whom /fetch asks by.
func newApplication(root string, client *httpclient.Client) (*web.Application, error) {
	rules := []web.Rule{
		web.URL("/plaintext", plaintext{}),
		web.URL("/json", jsonMessage{}),
		web.URL("/echo", echoHead{}),
		web.URL("/cookie", cookies{}),
		web.URL("/sleep", sleep{}),
		web.URL("/await", await{}),
		web.URL("/stream", stream{}),
		web.URL("/fetch", fetch{client: client}),
	}
	if root != "" {
		dir, err := os.OpenRoot(root)
		if err != nil {
			return nil, err
		}
		rules = append(rules, web.Mount("/static/", http.StripPrefix("/static", files(dir.FS()))))
	}
	rules = append(rules, web.Regexp(".*", page{})) // also OPTIONS * and the like
	settings := web.Settings{AccessLog: func(*web.RequestHandler) {}}
	return web.NewApplicationWith(settings, rules...), nil
}

func files(f fs.FS) http.Handler { return http.FileServerFS(f) }

// page answers GET and HEAD with OK, and every other method with the request's own body.
// The other handlers embed it for those methods.
type page struct{ web.RequestHandler }

func (h *page) Get(context.Context) error { return h.Text("OK") }

// heldBack is how much of a body is echoed at once: a short one gets a Content-Length,
// and one that turns out to be malformed an error instead of half an answer.
const heldBack = 64 << 10

func (h *page) Any(ctx context.Context) error {
	h.SetHeader("Content-Type", "application/octet-stream")
	buf := make([]byte, 16<<10)
	for held := 0; ; {
		n, err := h.Request.Body.Read(buf)
		h.Write(buf[:n])
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if held += n; held >= heldBack {
			if err := h.Flush(ctx); err != nil {
				return err
			}
		}
	}
}

type plaintext struct{ page }

func (h *plaintext) Get(context.Context) error { return h.Text("Hello, World!") }

type jsonMessage struct{ page }

func (h *jsonMessage) Get(context.Context) error {
	return h.JSON(struct {
		Message string `json:"message"`
	}{"Hello, World!"})
}

// echoHead answers with the request's head as "Name: value" lines.
type echoHead struct{ page }

func (h *echoHead) Get(context.Context) error {
	var sb strings.Builder
	for name, value := range h.Request.Header.All() {
		fmt.Fprintf(&sb, "%s: %s\n", name, value)
	}
	return h.Text(sb.String())
}

// cookies answers with the request's cookies as "name=value" lines.
type cookies struct{ page }

func (h *cookies) Get(context.Context) error {
	var sb strings.Builder
	for _, line := range h.Request.Header.Values("Cookie") {
		list, err := http.ParseCookie(line)
		if err != nil {
			continue
		}
		for _, c := range list {
			fmt.Fprintf(&sb, "%s=%s\n", c.Name, c.Value)
		}
	}
	return h.Text(sb.String())
}

// number returns a query argument from 0 to most.
func number(h *web.RequestHandler, name string, most int) (int, error) {
	text, err := h.QueryArgumentOr(name, "0")
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > most {
		return 0, web.Errorf(http.StatusBadRequest, "%s must be a number from 0 to %d", name, most)
	}
	return n, nil
}

// sleep blocks its goroutine, as code does that does not know of loops.
type sleep struct{ page }

func (h *sleep) Get(context.Context) error {
	ms, err := number(&h.RequestHandler, "ms", 60_000)
	if err != nil {
		return err
	}
	time.Sleep(time.Duration(ms) * time.Millisecond)
	return h.Text("OK")
}

// await parks its coroutine.
type await struct{ page }

func (h *await) Get(ctx context.Context) error {
	ms, err := number(&h.RequestHandler, "ms", 60_000)
	if err != nil {
		return err
	}
	if err := async.Sleep(ctx, time.Duration(ms)*time.Millisecond); err != nil {
		return err
	}
	return h.Text("OK")
}

// stream answers with n chunks of size bytes, each flushed.
type stream struct{ page }

func (h *stream) Get(ctx context.Context) error {
	n, err := number(&h.RequestHandler, "n", 1<<20)
	if err != nil {
		return err
	}
	size, err := number(&h.RequestHandler, "size", 16<<20)
	if err != nil {
		return err
	}
	h.SetHeader("Content-Type", "application/octet-stream")
	chunk := make([]byte, size)
	for i := range chunk {
		chunk[i] = 'x'
	}
	for range n {
		h.Write(chunk)
		if err := h.Flush(ctx); err != nil {
			return err
		}
	}
	return nil
}
