package nethttp_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// controlCases are about what a handler can do besides writing, and about clients that leave.
var controlCases = []wireCase{
	{name: "control: what the writer is", handler: do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		_, flusher := w.(http.Flusher)
		_, hijacker := w.(http.Hijacker)
		_, pusher := w.(http.Pusher)
		_, notifier := w.(interface{ CloseNotify() <-chan bool })
		_, stringer := w.(io.StringWriter)
		_, copier := w.(io.ReaderFrom)
		n.add("%v %v %v %v %v %v", flusher, hijacker, pusher, notifier, stringer, copier)
	})},
	{name: "control: Flush by the controller", handler: do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		n.add("%v", http.NewResponseController(w).Flush())
	})},
	{name: "control: the client leaves", handler: do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		<-r.Context().Done()
		n.add("%v", r.Context().Err())
	}), act: func(c *client) {
		io.WriteString(c, plainGet)
		c.awaitHandler()
		c.Close()
	}},
	{name: "control: the client closes its side", handler: do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		<-r.Context().Done()
		n.add("%v", r.Context().Err())
		_, err := io.WriteString(w, "still here")
		n.add("%v", err)
	}), act: func(c *client) {
		io.WriteString(c, plainGet)
		c.CloseWrite()
		c.answer()
	}},
	{name: "control: CloseNotify", handler: do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		n.add("%v", <-w.(interface{ CloseNotify() <-chan bool }).CloseNotify())
	}), act: func(c *client) {
		io.WriteString(c, plainGet)
		c.awaitHandler()
		c.Close()
	}},
	{name: "control: contexts derived from the request's", handler: do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		ctx, cancel := context.WithTimeout(r.Context(), time.Hour)
		defer cancel()
		<-ctx.Done()
		n.add("%v %v", ctx.Err(), errors.Is(context.Cause(ctx), context.Canceled))
	}), act: func(c *client) {
		io.WriteString(c, plainGet)
		c.awaitHandler()
		c.Close()
	}},
	{name: "control: the context ends with the handler", handler: func(n *notes) http.Handler {
		var last context.Context
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if last != nil {
				n.add("%v", last.Err())
			}
			last = r.Context()
		})
	}, send: plainGet + plainGet, answers: 2},
	{name: "control: writes to a client that is gone fail", handler: do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		for {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				n.add("an error")
				return
			}
		}
	}), act: func(c *client) {
		io.WriteString(c, plainGet)
		c.awaitHandler()
		c.SetLinger(0)
		c.Close()
	}},
	{name: "control: a goroutine of the handler writes", handler: do(func(w http.ResponseWriter, r *http.Request, n *notes) {
		done := make(chan error)
		go func() {
			_, err := io.WriteString(w, large)
			done <- err
		}()
		n.add("%v", <-done)
	})},
	{name: "control: a handler that blocks", handler: plainly(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(5 * time.Millisecond)
		io.WriteString(w, "at last")
	})},
}
