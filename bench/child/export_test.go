package child

import (
	"io"
	"time"
)

// SetGrace returns what sets it back.
func SetGrace(d time.Duration) (restore func()) {
	before := grace
	grace = d
	return func() { grace = before }
}

// Hear returns the line that is heard of what is written, if any.
func Hear(rest io.Writer, written ...string) (line string, ok bool) {
	v := newVoice(rest)
	for _, s := range written {
		if n, err := v.Write([]byte(s)); n != len(s) || err != nil {
			panic("the writer would be ended")
		}
	}
	select {
	case line = <-v.first:
		return line, true
	default:
		return "", false
	}
}
