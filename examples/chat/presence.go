package main

import "time"

// grace is how long a client that has no poll under way still counts as present: the gap
// between two polls, or a reload of the page, is no leaving.
const grace = 3 * time.Second

// presence knows who is in the room: every client that polls, or did a moment ago. It has
// no lock and no clock of its own.
type presence struct {
	clients map[string]visit
}

type visit struct {
	polls int       // under way
	last  time.Time // when the last one ended, if none is
}

// enter begins a poll of a client.
func (p *presence) enter(client string) {
	v := p.clients[client]
	v.polls++
	p.clients[client] = v
}

// leave ends a poll of a client.
func (p *presence) leave(client string, now time.Time) {
	p.clients[client] = visit{p.clients[client].polls - 1, now}
}

// expire forgets those whose grace is over, and returns how long the next one to be
// forgotten still has: zero if there is none.
func (p *presence) expire(now time.Time) (next time.Duration) {
	for client, v := range p.clients {
		if v.polls > 0 {
			continue
		}
		switch left := v.last.Add(grace).Sub(now); {
		case left <= 0:
			delete(p.clients, client)
		case next == 0 || left < next:
			next = left
		}
	}
	return next
}

// count returns how many are present.
func (p *presence) count() int { return len(p.clients) }
