package tcp

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// ErrNoLoop is returned by Dial when neither its options nor its context name a loop.
var ErrNoLoop = errors.New("tcp: no loop: set DialOptions.Loop, or call Dial in a coroutine")

// Phase is a step of Dial.
type Phase string

// The phases.
const (
	// PhaseResolve: the address is not valid, or its name has no address.
	PhaseResolve Phase = "resolve"
	// PhaseAllow: all addresses were refused by DialOptions.Allow.
	PhaseAllow Phase = "allow"
	// PhaseConnect: no address could be connected to.
	PhaseConnect Phase = "connect"
	// PhaseTLS: the handshake has failed.
	PhaseTLS Phase = "TLS"
)

// DialError is why Dial has failed. It is a net.Error.
type DialError struct {
	Phase Phase
	Addr  string // as given to Dial
	// Err is the reason. If several addresses were tried it is all of theirs, in the order
	// of their coming (errors.Is finds each), and at the end why the rest was not tried.
	Err error
}

func (e *DialError) Error() string {
	return fmt.Sprintf("tcp: dial %q: %s: %v", e.Addr, e.Phase, e.Err)
}

func (e *DialError) Unwrap() error { return e.Err }

// Timeout reports whether time was too short: the limit of Dial, or one of the system's.
func (e *DialError) Timeout() bool { return isTimeout(e.Err) }

// Temporary is always false: what is temporary depends on the caller. It makes a DialError a
// net.Error.
func (e *DialError) Temporary() bool { return false }

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &t) && t.Timeout()
}

// attemptError is why one address could not be connected to, or was not tried.
type attemptError struct {
	addr netip.AddrPort
	err  error
}

func (e *attemptError) Error() string { return e.addr.String() + ": " + e.err.Error() }
func (e *attemptError) Unwrap() error { return e.err }

// errorList is the reasons of several attempts.
type errorList []error

func (l errorList) Error() string {
	texts := make([]string, len(l))
	for i, err := range l {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

func (l errorList) Unwrap() []error { return l }

// Timeout reports whether one of the attempts had too little time.
func (l errorList) Timeout() bool {
	for _, err := range l {
		if isTimeout(err) {
			return true
		}
	}
	return false
}

// err returns the only error as it is.
func (l errorList) err() error {
	if len(l) == 1 {
		return l[0]
	}
	return l
}
