package child

import (
	"bytes"
	"io"
	"strings"
)

// voice takes what a process writes, in one goroutine: the first line is handed over, and the rest passed on, so that
// the process never waits for a reader.
type voice struct {
	first chan string // has room for it
	begun []byte      // of the first line
	heard bool
	rest  io.Writer
}

func newVoice(rest io.Writer) *voice { return &voice{first: make(chan string, 1), rest: rest} }

// Write takes all: an error would end the process that writes.
func (v *voice) Write(p []byte) (int, error) {
	n := len(p)
	if !v.heard {
		line, rest, whole := bytes.Cut(p, []byte("\n"))
		v.begun = append(v.begun, line...)
		if !whole {
			return n, nil
		}
		v.first <- strings.TrimSpace(string(v.begun))
		v.begun, v.heard, p = nil, true, rest
	}
	if len(p) > 0 {
		v.rest.Write(p)
	}
	return n, nil
}
