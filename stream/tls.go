package stream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"

	"eddy/loop"
)

// Side says which end of a TLS connection a stream is.
type Side uint8

const (
	// Server is the side that was connected to.
	Server Side = iota
	// Client is the side that has connected.
	Client
)

var (
	// ErrNotIdle is returned by StartTLS, BeginTLS and DetachNow on a stream that has unsent
	// bytes, a read under way or, but for DetachNow, TLS already; and by StartTLS if there are
	// unread bytes: what came in clear must not pass for what came by TLS.
	ErrNotIdle = errors.New("stream: not idle; cannot start TLS")
	// ErrRenegotiation is returned for a configuration that lets servers renegotiate.
	ErrRenegotiation = errors.New("stream: TLS renegotiation is not supported")
)

// secure is what a stream has beneath its bytes while it uses TLS: a standard tls.Conn that
// neither blocks nor has a goroutine. What is in Stream.in and Stream.out is in clear.
//
// It rests on two properties of crypto/tls that tls_pin_test.go holds: a read that meets a
// temporary error of its transport loses nothing and can be repeated, and a write makes
// whole records at once. Everything but the handshake happens on the loop.
type secure struct {
	wire
	holdings
	tls   *tls.Conn
	shake *handshake   // until TLS is up
	out   *loop.Buffer // records that the kernel has not taken

	more   bool // there may be bytes in tls
	posted bool // and they are going to be looked for
}

// StartTLS secures the stream: it runs the handshake of the given side and returns when
// TLS is up, or with what went wrong, and then the stream is closed. From then on all reads
// and writes of the stream go through TLS. The stream must be idle ([ErrNotIdle]).
//
// The configuration is used as it is, and by many streams at once: do not change it. A
// client's must have a ServerName or InsecureSkipVerify. Its callbacks run in the calling coroutine and
// may park by ClientHelloInfo.Context or CertificateRequestInfo.Context, which do not end with ctx
// nor with the stream: one that waits needs a limit of its own. But a client's ClientSessionCache
// is also called by later reads, on the loop: it must not block. A handshake that
// computes for long loses the loop as any coroutine does. There is no time limit but ctx's.
func (s *Stream) StartTLS(ctx context.Context, side Side, config *tls.Config) error {
	var h *handshake
	err := s.loop.Do(ctx, func(context.Context) (err error) {
		if s.in != nil && s.flags&closed == 0 {
			return ErrNotIdle
		}
		if h, err = s.prepare(side, config); err == nil {
			h.ctx, h.started = ctx, true // before the loop can hear the peer
		}
		return err
	})
	if err != nil {
		return err
	}
	return h.runHere()
}

// BeginTLS is StartTLS for engine code: it returns at once, and done is called on the loop
// with nil when TLS is up. When it failed, done is called with the error, and the stream, on
// which TLS is off again then, is closed after it: with Drain, so that done may still say
// something in clear to a peer that has sent no TLS at all ([tls.RecordHeaderError]). If the
// stream is closed meanwhile, only its sink is told. Unread bytes are taken for the peer's
// first records; nothing may be unsent ([ErrNotIdle]).
//
// A server's handshake begins with the client's first whole record, and when gate, which may be
// nil, lets it. ctx gives values to the configuration's callbacks; its end is not looked at. Call
// BeginTLS on the loop.
func (s *Stream) BeginTLS(ctx context.Context, side Side, config *tls.Config, gate *Handshakes, done func(error)) error {
	h, err := s.prepare(side, config)
	if err != nil {
		return err
	}
	h.gate, h.done = gate, done
	h.Init(ctx)
	s.keep() // if it is called by StreamReadable
	h.secure.head, s.in = s.in, nil
	if side == Client || h.secure.head != nil && wholeRecord(h.secure.head.Bytes()) {
		h.start()
	} else {
		s.setWant(s.want | readWant)
	}
	return nil
}

// prepare puts TLS under the stream.
func (s *Stream) prepare(side Side, config *tls.Config) (*handshake, error) {
	switch {
	case s.flags&(closed|closing|ending|eof) != 0:
		return nil, s.closedErr()
	case s.tls != nil || s.Pending() > 0 || s.Reading():
		return nil, ErrNotIdle
	case config == nil:
		return nil, errors.New("stream: TLS needs a configuration")
	case config.Renegotiation != tls.RenegotiateNever:
		return nil, ErrRenegotiation
	}
	t := &secure{wire: wire{s: s}}
	if side == Server {
		t.tls = tls.Server(&t.wire, config)
	} else {
		t.tls = tls.Client(&t.wire, config)
	}
	t.holdings = holdingsOf(t.tls)
	t.shake = &handshake{secure: t}
	s.tls = t
	return t.shake, nil
}

// ConnectionState returns what the peers have agreed on, and whether TLS is up. On the loop.
func (s *Stream) ConnectionState() (state tls.ConnectionState, ok bool) {
	if s.tls == nil || s.tls.shake != nil {
		return state, false
	}
	return s.tls.tls.ConnectionState(), true
}

// Secure reports whether the stream uses TLS, or is about to.
func (s *Stream) Secure() bool { return s.tls != nil }

// Truncated reports whether the stream came to its end without the peer's word that it is
// the end (close_notify, RFC 8446 §6.1). Somebody between may have cut it: what has no length of its
// own is not to be trusted then.
func (s *Stream) Truncated() bool { return s.tls != nil && s.tls.eof }

// Protocol returns what ALPN has chosen, "" for nothing or without TLS. On the loop.
func (s *Stream) Protocol() string {
	state, _ := s.ConnectionState()
	return state.NegotiatedProtocol
}

// TLSError wraps what made a handshake fail.
type TLSError struct {
	Err error
}

func (e *TLSError) Error() string { return fmt.Sprintf("stream: TLS handshake: %v", e.Err) }

// Unwrap returns the cause: an error of crypto/tls or crypto/x509, of the transport, or of
// the context.
func (e *TLSError) Unwrap() error { return e.Err }
