package httpserver

import (
	"sync/atomic"
	"time"
)

// date keeps the Date line, which changes once a second (RFC 9110 §6.6.1).
type date struct {
	cached atomic.Pointer[dateLine]
}

type dateLine struct {
	second int64
	line   []byte
}

const httpTime = "Mon, 02 Jan 2006 15:04:05 GMT"

func (d *date) line(now time.Time) []byte {
	second := now.Unix()
	if c := d.cached.Load(); c != nil && c.second == second {
		return c.line
	}
	c := &dateLine{second, []byte("Date: " + now.UTC().Format(httpTime) + "\r\n")}
	d.cached.Store(c)
	return c.line
}
