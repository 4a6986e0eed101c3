package httpclient

import (
	"context"
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
