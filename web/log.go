package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"
)

// logAccess writes the line of Tornado's access log:
//
//	200 GET /path?query (127.0.0.1) 0.85ms
//
// Its level is info below status 400, warn below 500, and error from there.
func (h *RequestHandler) logAccess(ctx context.Context) {
	if hook := h.app.settings.AccessLog; hook != nil {
		defer h.contain(ctx, "AccessLog")
		hook(h)
		return
	}
	level := slog.LevelError
	switch {
	case h.status < http.StatusBadRequest:
		level = slog.LevelInfo
	case h.status < http.StatusInternalServerError:
		level = slog.LevelWarn
	}
	logger := h.app.settings.logger()
	if !logger.Enabled(ctx, level) {
		return
	}
	line := make([]byte, 0, 128)
	line = strconv.AppendInt(line, int64(h.status), 10)
	line = h.appendSummary(append(line, ' '))
	line = strconv.AppendFloat(append(line, ' '), float64(h.Elapsed())/float64(time.Millisecond), 'f', 2, 64)
	logger.LogAttrs(ctx, level, string(append(line, "ms"...)))
}

// appendSummary appends the request in the log's form, `GET /path (127.0.0.1)`.
func (h *RequestHandler) appendSummary(b []byte) []byte {
	b = appendPrintable(b, h.Request.Method)
	b = appendPrintable(append(b, ' '), h.Request.URI)
	b = append(b, " ("...)
	b = append(b, h.Request.RemoteIP()...)
	return append(b, ')')
}

// appendPrintable percent-encodes what could forge a line of a log or drive a terminal.
func appendPrintable(b []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for i := 0; i < len(s); i++ {
		if c := s[i]; c > ' ' && c < 0x7f {
			b = append(b, c)
		} else {
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}

func (h *RequestHandler) logError(ctx context.Context, err error) {
	if !h.entry.route.has(hookLog) {
		h.logDefault(ctx, err)
		return
	}
	defer h.contain(ctx, "LogError")
	h.self.(ErrorLogger).LogError(ctx, err)
}

// logDefault logs what the access log does not tell: an HTTPError without a cause has
// nothing more to say.
func (h *RequestHandler) logDefault(ctx context.Context, err error) {
	var known *HTTPError
	if errors.As(err, &known) && known.Err == nil {
		return
	}
	level := slog.LevelWarn
	if statusOf(err) >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	logger := h.app.settings.logger()
	if !logger.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{slog.Any("error", err)}
	if stack := stackOf(err); stack != "" {
		attrs = append(attrs, slog.String("stack", stack))
	}
	logger.LogAttrs(ctx, level, "request failed: "+string(h.appendSummary(nil)), attrs...)
}
