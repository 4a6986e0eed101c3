package tcp

import (
	"net/netip"
	"slices"
	"time"
)

const (
	// attemptDelay is how long an attempt is alone before the next one begins beside it (the
	// Connection Attempt Delay of RFC 8305 §5).
	attemptDelay = 250 * time.Millisecond
	// mostAttempts bounds how many are under way at once.
	mostAttempts = 8
	// mostPerFamily bounds the addresses that one dial tries: a name may have thousands.
	mostPerFamily = 16
)

// interleave returns addresses in the order of their trial: the families by turns, beginning
// with that of the first one, and each in the resolver's order (RFC 8305 §4).
func interleave(addrs []netip.AddrPort) []netip.AddrPort {
	if len(addrs) < 2 {
		return addrs
	}
	var first, second []netip.AddrPort
	for _, a := range addrs {
		list := &first
		if a.Addr().Is4() != addrs[0].Addr().Is4() {
			list = &second
		}
		if len(*list) < mostPerFamily && !slices.Contains(*list, a) {
			*list = append(*list, a)
		}
	}
	order := make([]netip.AddrPort, 0, len(first)+len(second))
	for i := range max(len(first), len(second)) {
		if i < len(first) {
			order = append(order, first[i])
		}
		if i < len(second) {
			order = append(order, second[i])
		}
	}
	return order
}

// schedule says when the attempts of one dial begin (RFC 8305 §5): the next one when the last
// has been alone for attemptDelay, or at once when any has failed. It does nothing itself, and
// is told the time. The resolver asks for both families (§3) and sorts them (§4); addresses for
// networks that have IPv6 only are not made up (§7).
type schedule struct {
	left    []netip.AddrPort // not begun yet
	alone   bool             // never two at once
	due     time.Time        // when the next one begins
	running int
}

// next begins an attempt, if it is time for one.
func (s *schedule) next(now time.Time) (addr netip.AddrPort, ok bool) {
	if d, ok := s.pause(now); !ok || d > 0 {
		return addr, false
	}
	addr = s.left[0]
	s.left = s.left[1:]
	s.running++
	s.due = now.Add(attemptDelay)
	return addr, true
}

// pause returns how long it is until the next attempt begins, or false if only the end of one
// under way can bring it about.
func (s *schedule) pause(now time.Time) (d time.Duration, ok bool) {
	if len(s.left) == 0 || s.running == mostAttempts || s.running > 0 && s.alone {
		return 0, false
	}
	return max(s.due.Sub(now), 0), true
}

// failed notes that an attempt has failed.
func (s *schedule) failed(now time.Time) {
	s.running--
	s.due = now
}

// again is failed for an attempt that shall be repeated after d.
func (s *schedule) again(addr netip.AddrPort, now time.Time, d time.Duration) {
	s.running--
	s.left = append([]netip.AddrPort{addr}, s.left...)
	s.due = now.Add(d)
}

// exhausted reports whether all attempts have failed.
func (s *schedule) exhausted() bool { return len(s.left) == 0 && s.running == 0 }
