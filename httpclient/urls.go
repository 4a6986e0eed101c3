package httpclient

import (
	"hash/maphash"
	"net/url"
	"strings"
	"sync/atomic"

	"eddy/internal/redirect"
)

const (
	// urlSlots is how many URLs a client remembers, in the best case.
	urlSlots = 64
	// urlMost is how long a URL may be that is remembered.
	urlMost = 256
)

// urls remembers what URLs consist of that are fetched again and again, as those that things are posted to: to take one
// apart costs as much as all else that is done with a request before it is sent. A URL is kept when it comes a second
// time, and until others want its place; one with a user name is not.
type urls struct {
	seed  maphash.Seed
	slots [urlSlots]urlSlot
}

type urlSlot struct {
	seen atomic.Uint64 // the hash of the one that came last and was not here
	kept atomic.Pointer[address]
}

// address is a URL in its parts, which nobody changes.
type address struct {
	raw    string
	url    *url.URL
	origin string // see withPort
}

// parse takes a URL apart. Any goroutine.
func (u *urls) parse(raw string) (_ *url.URL, origin string, _ error) {
	hash := maphash.String(u.seed, raw)
	slot := &u.slots[hash%urlSlots]
	if a := slot.kept.Load(); a != nil && a.raw == raw {
		return a.url, a.origin, nil
	}
	parsed, err := redirect.Parse(raw)
	if err != nil {
		return nil, "", err
	}
	origin = withPort(parsed)
	if slot.seen.Swap(hash) == hash && len(raw) <= urlMost && parsed.User == nil {
		slot.keep(strings.Clone(raw)) // which may be a piece of something large
	}
	return parsed, origin, nil
}

func (s *urlSlot) keep(raw string) {
	if u, err := redirect.Parse(raw); err == nil {
		s.kept.Store(&address{raw, u, withPort(u)})
	}
}
