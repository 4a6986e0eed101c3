package tcp

import (
	"context"
	"log/slog"
)

// say logs. A logger that panics must cost neither a listener nor the count of a connection.
func say(l *slog.Logger, level slog.Level, text string, attrs ...slog.Attr) {
	defer func() { _ = recover() }()
	l.LogAttrs(context.Background(), level, text, attrs...)
}

// say logs with the listener's address.
func (a *Acceptor) say(level slog.Level, text string, attrs ...slog.Attr) {
	say(a.loop.Logger(), level, text, append(attrs, slog.String("addr", a.listener.Addr().String()))...)
}
