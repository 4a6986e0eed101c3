package httpclient

import (
	"context"
	"time"

	"eddy/loop"
)

// dialling is a connection that is being made, in a job of its own on its loop. The job's context ends with that of the
// fetch, with the time for it, which may be that for the whole request, and with the client. (Contexts of package
// context would do the same for a kilobyte each, which counts when ten thousand connections are made at once.)
type dialling struct {
	home  *home
	job   *loop.Context
	timer *loop.Timer // nil: no limit
}

// dialling begins to watch over the job that ctx is of, which calls over.
func (h *hop) dialling(ctx context.Context, at *home) *dialling {
	d := &dialling{home: at, job: ctx.(*loop.Context)}
	if limit, left := h.dialLimit(); limit != nil {
		at.loop.Do(ctx, func(context.Context) error {
			d.timer = at.loop.CallLater(left, func() { d.job.Cancel(limit) })
			return nil
		})
	}
	at.mu.Lock()
	defer at.mu.Unlock()
	if at.client.closed.Load() {
		d.job.Cancel(ErrClosed)
	} else {
		at.dials[d] = struct{}{}
	}
	return d
}

// dialLimit returns what a dial that begins now must not take longer than, nil for no limit.
func (h *hop) dialLimit() (limit *TimeoutError, left time.Duration) {
	if !h.due.IsZero() {
		left = max(time.Until(h.due), 0)
		if h.connectTimeout == 0 || left < h.connectTimeout {
			return &TimeoutError{"RequestTimeout", h.requestTimeout()}, left
		}
	}
	if h.connectTimeout == 0 {
		return nil, 0
	}
	return &TimeoutError{"ConnectTimeout", h.connectTimeout}, h.connectTimeout
}

// over ends the watch.
func (d *dialling) over() {
	if d.timer != nil {
		d.home.loop.Do(context.WithoutCancel(d.job), func(context.Context) error {
			d.timer.Stop()
			return nil
		})
	}
	d.home.mu.Lock()
	defer d.home.mu.Unlock()
	delete(d.home.dials, d)
}

// stopDials ends the dials of a client that was closed. Any goroutine.
func (h *home) stopDials() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for d := range h.dials {
		d.job.Cancel(ErrClosed)
	}
}
