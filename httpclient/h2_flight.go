package httpclient

import (
	"context"
	"errors"
	"slices"
	"time"

	"eddy/loop"
)

// h2Flight is a connection that is being made to a server that may speak HTTP/2, in which case it serves those, too, who
// wait for it. If not, that is known from then on, and everybody makes his own.
type h2Flight struct {
	waiting []*loop.Waiter // h2Pool.mu guards it
	err     error          // what all fail with, once waiting was woken
}

// settingsTime is how long a server may take to say how many requests it takes at once.
const settingsTime = 5 * time.Second

// connect makes a connection on a loop, or finds one of HTTP/2 with room, which becomes h.h2.
func (h *hop) connect(ctx context.Context, at *home) (*conn, error) {
	p := h.client.h2
	for h.offersH2() {
		f, w := p.join(ctx, h)
		switch {
		case h.h2 != nil:
			return nil, nil
		case f == nil:
			return p.straight(ctx, h, at)
		case w == nil:
			return p.lead(ctx, h, at, f)
		}
		if err := p.wait(ctx, f, w); err != nil {
			return nil, err
		}
	}
	return h.dial(ctx, at)
}

// join returns the flight to the servers of the hop, and how to wait for its end, or nil if it begins with the caller. There
// is none if there is room by now, which becomes h.h2, or the servers do not speak HTTP/2.
func (p *h2Pool) join(ctx context.Context, h *hop) (*h2Flight, *loop.Waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.server(&h.key)
	if h.h2 = s.take(); h.h2 != nil {
		return nil, nil
	}
	if s.flight == nil {
		if s.plain {
			return nil, nil
		}
		s.flight = new(h2Flight)
		return s.flight, nil
	}
	w := new(loop.Waiter)
	w.Init(ctx)
	s.flight.waiting = append(s.flight.waiting, w)
	return s.flight, w
}

// straight makes a connection to a server that did not speak HTTP/2, which may have changed.
func (p *h2Pool) straight(ctx context.Context, h *hop, at *home) (*conn, error) {
	c, err := h.dial(ctx, at)
	if h.h2 != nil {
		p.admit(h.h2)
	}
	return c, err
}

// lead makes the connection of a flight. Its error is that of all who wait, unless it is about its own caller's time: then
// the next one leads.
func (p *h2Pool) lead(ctx context.Context, h *hop, at *home, f *h2Flight) (c *conn, err error) {
	defer func() { // also by runtime.Goexit
		if _, late := errors.AsType[*TimeoutError](err); ctx.Err() == nil && !late {
			f.err = err
		}
		if h.h2 == nil {
			p.land(&h.key, f, c != nil)
			return
		}
		go p.introduce(h.h2, h.key, f)
	}()
	return h.dial(ctx, at)
}

// introduce lets others use a new connection when the server has said how many requests it takes.
func (p *h2Pool) introduce(cc *h2Conn, k key, f *h2Flight) {
	ctx, cancel := context.WithTimeout(context.Background(), settingsTime)
	defer cancel()
	cc.Ping(ctx) // is answered behind the settings; an error is met by the requests
	p.admit(cc)
	p.land(&k, f, false)
}

// land ends a flight.
func (p *h2Pool) land(k *key, f *h2Flight, plain bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.servers[*k]; s != nil && s.flight == f {
		s.flight, s.plain = nil, plain
	}
	for _, w := range f.waiting {
		w.Wake()
	}
	f.waiting = nil
}

// wait waits for the end of a flight.
func (p *h2Pool) wait(ctx context.Context, f *h2Flight, w *loop.Waiter) (err error) {
	defer func() { // also by runtime.Goexit
		p.mu.Lock()
		defer p.mu.Unlock()
		if i := slices.Index(f.waiting, w); i >= 0 { // given up: nobody may wake it later
			f.waiting = slices.Delete(f.waiting, i, i+1)
			err = &phaseError{PhaseConnect, err}
		} else {
			err = f.err
		}
	}()
	return w.Wait(ctx)
}
