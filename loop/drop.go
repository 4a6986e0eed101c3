package loop

import (
	"fmt"
	"log/slog"
)

// drop makes a handler release its descriptor. It is forgotten first, whatever it does.
func (l *Loop) drop(id ID, h Handler) {
	defer l.recover()
	l.RemoveHandler(id)
	h.HandleLoopClose()
}

// dismiss drops the handler that panicked, which has been logged, or ended by
// runtime.Goexit. Its event may be there still, and would make it do the same in every turn.
func (l *Loop) dismiss() {
	id := l.serving
	l.serving = 0
	p := l.slots.get(id)
	if p == nil {
		return // it had removed itself
	}
	l.log.Error("a handler did not return: its descriptor is released",
		slog.String("handler", fmt.Sprintf("%T", p.handler)), slog.Int("fd", int(p.fd)))
	l.drop(id, p.handler)
}
