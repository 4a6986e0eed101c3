package main

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"strconv"
	"time"

	"eddy/web"
)

// pollTime is how long a poll waits for news: less than the idle timeouts of the usual
// proxies.
const pollTime = 25 * time.Second

// messages is the room's interface: GET waits for messages, POST adds one.
type messages struct {
	web.RequestHandler
	room *room // all requests share it
}

// Post adds a message, and answers with it.
func (h *messages) Post(ctx context.Context) error {
	// A page from elsewhere cannot send this type without asking first.
	if kind, _, _ := mime.ParseMediaType(h.Request.Header.Get("Content-Type")); kind != "application/json" {
		return &web.HTTPError{Status: http.StatusUnsupportedMediaType}
	}
	var in struct{ Name, Text string }
	if err := h.BindJSON(ctx, &in); err != nil {
		return err
	}
	m, err := h.room.post(in.Name, in.Text, time.Now())
	if err != nil {
		return err
	}
	h.SetStatus(http.StatusCreated)
	return h.JSON(m)
}

// Get answers with what the client does not know yet, and waits for it if need be. It
// parks meanwhile: a thousand polls are a thousand small coroutines, and no thread.
func (h *messages) Get(ctx context.Context) error {
	c, err := h.cursor()
	if err != nil {
		return err
	}
	client, err := h.QueryArgument("client")
	if err != nil {
		return err
	}
	if len(client) == 0 || len(client) > 64 {
		return refusal("The argument client must have 1 to 64 bytes.")
	}
	h.room.enter(client)
	defer h.leave(client)
	wait, cancel := context.WithTimeout(ctx, pollTime)
	defer cancel()
	u := h.room.next(wait, c)
	if err := ctx.Err(); err != nil {
		return err // nobody is there any more
	}
	return h.JSON(u)
}

// cursor reads what the client says it knows.
func (h *messages) cursor() (c cursor, err error) {
	if c.epoch, err = h.QueryArgumentOr("epoch", ""); err != nil {
		return c, err
	}
	if c.after, err = h.number("after", 0); err != nil {
		return c, err
	}
	present, err := h.number("present", -1)
	c.present = int(present)
	return c, err
}

func (h *messages) number(name string, otherwise int64) (int64, error) {
	text, err := h.QueryArgumentOr(name, "")
	if err != nil || text == "" {
		return otherwise, err
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0, refusal("The argument " + name + " must be a whole number.")
	}
	return int64(n), nil
}

// leave ends the client's poll. One timer, if any, counts out all who do not come back.
func (h *messages) leave(client string) {
	r := h.room
	again(r, r.leave(client, time.Now()))
}

func again(r *room, after time.Duration) {
	if after > 0 {
		time.AfterFunc(after, func() { again(r, r.sweep(time.Now())) })
	}
}

// SetDefaultHeaders keeps answers out of caches.
func (h *messages) SetDefaultHeaders() { h.SetHeader("Cache-Control", "no-store") }

// WriteError answers errors in the form that the page's script reads.
func (h *messages) WriteError(_ context.Context, status int, err error) error {
	text := http.StatusText(status)
	var r refusal
	if errors.As(err, &r) {
		text = string(r)
	}
	return h.JSON(map[string]string{"error": text})
}
