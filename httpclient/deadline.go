package httpclient

import "time"

// watch sets the connection's deadline to the nearest thing that must not take longer.
func (c *conn) watch() {
	x, now := c.x, c.Loop().Now()
	var d time.Duration
	if !x.due.IsZero() {
		d = max(x.due.Sub(now), 1)
	}
	if x.idle > 0 {
		if left := max(c.last.Add(x.idle).Sub(now), 1); d == 0 || left < d {
			d = left
		}
	}
	c.SetDeadline(d)
}

// StreamDeadline implements stream.Sink. What has come since the deadline was set has not moved it, as
// that would cost more than to look again now.
func (c *conn) StreamDeadline() {
	x, now := c.x, c.Loop().Now()
	if x == nil {
		c.Close()
		return
	}
	if !x.due.IsZero() && !now.Before(x.due) {
		c.fail(&TimeoutError{"RequestTimeout", x.total})
		return
	}
	if x.idle > 0 && now.Sub(c.last) >= x.idle && c.silent() {
		c.fail(&TimeoutError{"ReadTimeout", x.idle})
		return
	}
	c.watch()
}

// silent reports whether the server, and nobody else, has kept the exchange waiting.
func (c *conn) silent() bool {
	c.x.mu.Lock()
	stopped := c.x.stopped || c.x.tunnel
	producing := (c.x.work == nil || c.x.work.waits == nil) && !c.x.ceased && !c.sent // and not waiting to be asked for the body
	c.x.mu.Unlock()
	if stopped || c.TakeProgress() > 0 || producing && c.Pending() == 0 {
		c.last = c.Loop().Now()
		return false
	}
	return true
}
