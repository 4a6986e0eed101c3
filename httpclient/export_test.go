package httpclient

import (
	"context"
	"fmt"
	"hash/maphash"
	"net/url"
	"time"
	"unsafe"
)

// Busy returns how many places are taken and how many requests wait for one, and of how many hosts something is
// known.
func (c *Client) Busy() (active, queued, hosts int) {
	l := &c.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, h := range l.hosts {
		queued += h.queue.length()
	}
	return l.active, queued + l.queue.length(), len(l.hosts)
}

func (q *queue) length() (n int) {
	for t := q.first; t != nil; t = t.next {
		n++
	}
	return n
}

// Homes returns on how many loops the client has a part, and Resting how many connections rest there, of how many
// keys.
func (c *Client) Homes() int { return len(*c.homes.Load()) }

// Resting is described at Homes.
func (c *Client) Resting() (conns, keys int) {
	for _, h := range *c.homes.Load() {
		h.mu.Lock()
		conns += h.rests
		keys += len(h.pools)
		h.mu.Unlock()
	}
	return conns, keys
}

// Limiter is the limiter alone.
type Limiter struct{ limiter }

// NewLimiter returns one.
func NewLimiter(most, perHost int) *Limiter {
	return &Limiter{limiter{most: most, perHost: perHost, hosts: make(map[string]*hostLimit)}}
}

// Acquire and Release are its two methods.
func (l *Limiter) Acquire(ctx context.Context, host string, limit time.Duration) error {
	_, err := l.acquire(ctx, host, limit)
	return err
}

// Release is described at Acquire.
func (l *Limiter) Release(host string) { l.release(host) }

// Close ends it.
func (l *Limiter) Close() { l.close() }

// Queued returns how many wait for a place among all.
func (l *Limiter) Queued() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.queue.length()
}

// Empty reports whether nothing is left of anybody.
func (l *Limiter) Empty() bool {
	return l.active == 0 && len(l.hosts) == 0 && l.queue.first == nil && l.queue.last == nil
}

// Fault returns what is wrong with the connections that rest and with the places, "" if nothing.
func (c *Client) Fault() (fault string) {
	for l, h := range *c.homes.Load() {
		l.Do(context.Background(), func(context.Context) error {
			fault += h.fault()
			return nil
		})
	}
	c.limiter.mu.Lock()
	defer c.limiter.mu.Unlock()
	for host, h := range c.limiter.hosts {
		if h.active > c.limiter.perHost {
			fault += fmt.Sprintf("%d places at %s; ", h.active, host)
		}
	}
	return fault
}

func (h *home) fault() (fault string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	rests, all := 0, 0
	for k, p := range h.pools {
		if all += p.all; p.all == 0 || p.key != k {
			fault += "a pool of nothing; "
		}
		for _, c := range p.idle {
			if rests++; c.x != nil || c.next != nil || c.EOF() || c.Closed() || len(c.Unread()) > 0 || c.Pending() > 0 || !c.sent {
				fault += "a connection rests that is not at rest; "
			}
		}
	}
	listed := 0
	for c := h.first; c != nil; c = c.newer {
		listed++
	}
	if rests != h.rests || rests != listed || all != len(h.conns) {
		fault += fmt.Sprintf("%d rest, counted %d, listed %d; %d connections, counted %d; ", rests, h.rests, listed, len(h.conns), all)
	}
	if most := h.client.options.MaxIdle; most > 0 && rests > most {
		fault += fmt.Sprintf("%d rest; ", rests)
	}
	return fault
}

// Inbox is an inbox alone.
type Inbox struct{ inbox }

// Add is add, and tells how many bytes were moved.
func (b *Inbox) Add(data []byte, total int64) (moved int) {
	there := b.bytes()
	b.add(data, total)
	if len(there) > 0 && &there[0] != &b.bytes()[0] {
		return len(there)
	}
	return 0
}

// Len, Take and Room are what it has, how it is taken, and how much it could have.
func (b *Inbox) Len() int          { return b.len() }
func (b *Inbox) Take(p []byte) int { return b.take(p) }
func (b *Inbox) Room() int         { return cap(b.buf) }

// Sizes are those of what a fetch has while the server is waited for, as it is allocated.
var Sizes = map[string]uintptr{
	"pending": unsafe.Sizeof(pending{}), "exchange": unsafe.Sizeof(exchange{}), "conn": unsafe.Sizeof(conn{}), "Response": unsafe.Sizeof(Response{}),
}

// URLs is what a client remembers of URLs.
type URLs struct{ urls urls }

// Parse is urls.parse.
func (u *URLs) Parse(raw string) (*url.URL, string, error) {
	if u.urls.seed == (maphash.Seed{}) {
		u.urls.seed = maphash.MakeSeed()
	}
	return u.urls.parse(raw)
}
