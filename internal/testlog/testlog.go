// Package testlog collects what is logged, for tests.
//
// Kind: for tests only.
package testlog

import (
	"log/slog"
	"strings"
	"sync"
)

// Log holds what was logged, as slog.TextHandler writes it. Any goroutine may use it.
type Log struct {
	mu sync.Mutex
	sb strings.Builder
}

// New returns an empty log and a logger that writes to it.
func New() (*Log, *slog.Logger) {
	l := new(Log)
	return l, slog.New(slog.NewTextHandler(l, nil))
}

// Write adds p.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sb.Write(p)
}

// String returns what was logged so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sb.String()
}

// Take returns what was logged since the last Take.
func (l *Log) Take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.sb.Reset()
	return l.sb.String()
}
