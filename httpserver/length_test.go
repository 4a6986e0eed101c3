package httpserver_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"eddy/httpserver"
	"eddy/httputil"
)

// A response has as many bytes as it has announced, by whatever means they are sent; else the
// handler is told, the log says so, and nothing follows on the connection.
func TestLength_IsHeld(t *testing.T) {
	f := fileOf(t, 10)
	write := func(n int64, pieces ...string) func(t *testing.T, w httputil.ResponseWriter) error {
		return func(t *testing.T, w httputil.ResponseWriter) error {
			if err := w.WriteHead(200, "", &httputil.Header{}, n); err != nil {
				return err
			}
			for _, p := range pieces {
				if _, err := io.WriteString(w, p); err != nil {
					return err
				}
			}
			return w.Finish()
		}
	}
	send := func(length, n int64) func(t *testing.T, w httputil.ResponseWriter) error {
		return func(t *testing.T, w httputil.ResponseWriter) error {
			w.WriteHead(200, "", &httputil.Header{}, length)
			f.Seek(0, 0)
			if err := sendFile(w, f, n); err != nil {
				return err
			}
			return w.Finish()
		}
	}
	status := func(status int, length int64, body string) func(t *testing.T, w httputil.ResponseWriter) error {
		return func(t *testing.T, w httputil.ResponseWriter) error {
			if err := w.WriteHead(status, "", &httputil.Header{}, length); err != nil {
				return err
			}
			_, err := io.WriteString(w, body)
			return errors.Join(err, w.Finish())
		}
	}
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
	for _, tt := range []struct {
		name   string
		method string
		write  func(t *testing.T, w httputil.ResponseWriter) error
		err    error
		want   string
		log    string
	}{
		{"as announced", "GET", write(10, "01234", "56789"), nil, head + "0123456789", ""},
		{"too few", "GET", write(10, "01234"), httputil.ErrBodyLength, head + "01234", "incomplete response"},
		{"none", "GET", write(10), httputil.ErrBodyLength, head, "incomplete response"},
		{"too many in all", "GET", write(10, "01234", "567890"), httputil.ErrBodyLength, head + "01234", "incomplete response"},
		{"too many after enough", "GET", write(10, "0123456789", "x"), httputil.ErrBodyLength, head + "0123456789", "more bytes than announced"},
		{"a file", "GET", send(10, 10), nil, head + "xxxxxxxxxx", ""},
		{"too little of a file", "GET", send(10, 9), httputil.ErrBodyLength, head + "xxxxxxxxx", "incomplete response"},
		{"too much of a file", "GET", send(5, 10), errors.ErrUnsupported, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "incomplete response"},
		{"HEAD without a body", "HEAD", write(10), nil, head, ""},
		{"HEAD with one, which is counted", "HEAD", write(10, "0123456789", "x"), httputil.ErrBodyLength, head, "more bytes than announced"},
		{"204", "GET", status(204, 0, ""), nil, "HTTP/1.1 204 No Content\r\n\r\n", ""},
		{"204 with a body", "GET", status(204, -1, "dropped"), nil, "HTTP/1.1 204 No Content\r\n\r\n", ""},
		{"304 with the length of what it stands for", "GET", status(304, 10, ""), nil, "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", ""},
		{"after Finish", "GET", func(t *testing.T, w httputil.ResponseWriter) error {
			err := write(10, "0123456789")(t, w)
			if _, late := io.WriteString(w, "x"); !errors.Is(late, httputil.ErrFinished) {
				t.Errorf("a write after Finish: %v", late)
			}
			if late := sendFile(w, f, 1); !errors.Is(late, httputil.ErrFinished) && !errors.Is(late, errors.ErrUnsupported) {
				t.Errorf("a file after Finish: %v", late)
			}
			return err
		}, nil, head + "0123456789", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := handlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
				if err := tt.write(t, w); !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) {
					t.Errorf("the handler got %v, want %v", err, tt.err)
				}
			})
			bubble(t, h, httpserver.Options{}, func(h *harness) {
				p := h.connect()
				if got := h.send(p, tt.method+" / HTTP/1.1\r\nHost: h\r\n\r\n"); got != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
				if log := h.logs.Take(); tt.log == "" && log != "" || !strings.Contains(log, tt.log) {
					t.Errorf("log %q, want %q", log, tt.log)
				}
				if isGone(p) != (tt.log != "") {
					t.Errorf("the server ended the connection: %v", isGone(p))
				}
			})
		})
	}
}
