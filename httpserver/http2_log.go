package httpserver

import (
	"log/slog"
	"strings"
	"sync"
	"time"
)

// errorLog passes on what is said about clients that break the protocol, by the engine too, but not
// all of it: a client could fill a disk, by requests that are refused on one connection.
type errorLog struct {
	logger *slog.Logger

	mu      sync.Mutex
	till    time.Time // the end of the present period
	left    int       // lines that it may still have
	dropped int       // lines that it did not get
}

const (
	errorLogPeriod = 10 * time.Second
	errorLogLines  = 10
	errorLogLength = 300 // bytes of a line; some quote what the client has sent
)

// Write implements io.Writer: package log calls it once for each line of the engine's.
func (e *errorLog) Write(p []byte) (int, error) {
	line := strings.TrimSpace(strings.TrimPrefix(string(p[:min(len(p), errorLogLength)]), "http2: "))
	e.info("HTTP/2 error", slog.String("error", strings.ToValidUTF8(line, "?")))
	return len(p), nil
}

func (e *errorLog) info(message string, attrs ...any) {
	pass, dropped := e.admit(time.Now())
	if !pass {
		return
	}
	if dropped > 0 {
		attrs = append(attrs, slog.Int("dropped", dropped))
	}
	e.logger.Info(message, attrs...)
}

// admit reports whether a line may pass, and how many did not before it.
func (e *errorLog) admit(now time.Time) (pass bool, dropped int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !now.Before(e.till) {
		e.till, e.left = now.Add(errorLogPeriod), errorLogLines
	}
	if e.left == 0 {
		e.dropped++
		return false, 0
	}
	e.left--
	dropped, e.dropped = e.dropped, 0
	return true, dropped
}
