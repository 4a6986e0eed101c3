package http1

import (
	"io"

	"eddy/httputil"
)

// Side says who broke the protocol.
type Side uint8

const (
	Remote Side = iota // the peer, by what it sent
	Local              // the caller, by what it asked an encoder to send
)

// Error is a violation of the protocol. It holds fixed words only, never bytes of the
// peer, so it may be logged and sent. Errors of this type are shared: do not change them.
type Error struct {
	Side    Side
	Status  int    // for a remote fault the status that answers it, in a client 502; else 500
	Reason  string // what is wrong, in a few words
	Section string // the rule, such as "RFC 9112 §2.2"
	Err     error  // httputil.ErrBodyTooLarge, io.ErrUnexpectedEOF, or nil
}

// Error returns the reason with its section.
func (e *Error) Error() string {
	return "http1: " + e.Reason + " (" + e.Section + ")"
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// remote makes a fault of the peer. Faults are made once, at start-up: a flood of bad
// requests allocates nothing here.
func remote(status int, section, reason string) *Error {
	return &Error{Side: Remote, Status: status, Reason: reason, Section: section}
}

func local(section, reason string) *Error {
	return &Error{Side: Local, Status: 500, Reason: reason, Section: section}
}

// fromServer is the client's view of a fault: nobody waits for a 400, but a gateway
// answers a broken response with 502 (RFC 9110 §15.6.3).
func fromServer(e *Error) error {
	c := *e
	c.Status = 502
	return &c
}

// Faults of lines and fields.
var (
	errBareLF      = remote(400, "RFC 9112 §2.2", "a line ends in LF without CR")
	errBareCR      = remote(400, "RFC 9112 §2.2", "CR without LF")
	errEmptyLines  = remote(400, "RFC 9112 §2.2", "too many empty lines before a message")
	errControl     = remote(400, "RFC 9112 §2.2", "a control character in the head")
	errStartByte   = remote(400, "RFC 9112 §3", "not the start of an HTTP message")
	errIncomplete  = remote(400, "RFC 9112 §2.1", "the head does not end in one empty line")
	errStartLong   = remote(414, "RFC 9112 §3", "the start line is too long")
	errHeadLong    = remote(431, "RFC 6585 §5", "the head is too large")
	errManyFields  = remote(431, "RFC 6585 §5", "too many header fields")
	errFolded      = remote(400, "RFC 9112 §5.2", "a header line starts with whitespace")
	errFieldName   = remote(400, "RFC 9112 §5.1", "malformed header field name")
	errFieldValue  = remote(400, "RFC 9110 §5.5", "a control character in a header field")
	errSpaceBefore = remote(400, "RFC 9112 §5.1", "whitespace before the colon of a header field")
)

// Faults of start lines.
var (
	errMethod    = remote(400, "RFC 9110 §9.1", "malformed method")
	errTarget    = remote(400, "RFC 9112 §3.2", "malformed request target")
	errAsterisk  = remote(400, "RFC 9112 §3.2.4", "the target * does not go with this method")
	errAuthority = remote(400, "RFC 9112 §3.2.3", "malformed authority in the request target")
	errVersion   = remote(400, "RFC 9112 §2.3", "malformed HTTP version")
	errMajor     = remote(505, "RFC 9110 §15.6.6", "unsupported HTTP version")
	errStatus    = remote(400, "RFC 9112 §4", "malformed status line")
)

// Faults of framing.
var (
	errNoHost        = remote(400, "RFC 9112 §3.2", "no Host field")
	errManyHosts     = remote(400, "RFC 9112 §3.2", "more than one Host field")
	errHost          = remote(400, "RFC 9112 §3.2", "malformed Host field")
	errLength        = remote(400, "RFC 9112 §6.3", "malformed Content-Length")
	errManyLengths   = remote(400, "RFC 9112 §6.3", "more than one Content-Length")
	errManyCodings   = remote(400, "RFC 9112 §6.1", "more than one Transfer-Encoding field")
	errNotChunked    = remote(400, "RFC 9112 §6.3", "a Transfer-Encoding that does not end in chunked")
	errCoding        = remote(501, "RFC 9112 §6.1", "unsupported Transfer-Encoding")
	errBothLengths   = remote(400, "RFC 9112 §6.3", "both Transfer-Encoding and Content-Length")
	errCodingVersion = remote(400, "RFC 9112 §6.1", "Transfer-Encoding in HTTP/1.0")
)

// Faults of bodies.
var (
	errBodyLarge = &Error{Remote, 413, "the body is too large", "RFC 9110 §15.5.14", httputil.ErrBodyTooLarge}
	errTruncated = &Error{Remote, 502, "the connection ended inside a message", "RFC 9112 §8", io.ErrUnexpectedEOF}

	errChunkSize    = remote(400, "RFC 9112 §7.1", "malformed chunk size")
	errChunkLine    = remote(400, "RFC 9112 §7.1", "a chunk-size line is too long")
	errChunkEnd     = remote(400, "RFC 9112 §7.1", "a chunk does not end in CRLF")
	errExtension    = remote(400, "RFC 9112 §7.1.1", "malformed chunk extension")
	errExtensions   = remote(400, "RFC 9112 §7.1.1", "too many bytes of chunk extensions")
	errTrailerLong  = remote(431, "RFC 9112 §7.1.2", "the trailer is too large")
	errTrailerField = remote(400, "RFC 9110 §6.5.1", "a framing field in the trailer")
)

// Faults of the caller.
var (
	errLocalStatus = local("RFC 9110 §15", "a status must have three digits")
	errLocalSwitch = local("RFC 9110 §7.8", "101 cannot answer HTTP/1.0")
	errLocalMethod = local("RFC 9110 §9.1", "the method is not a token")
	errLocalTarget = local("RFC 9112 §3.2", "malformed request target")
	errLocalHost   = local("RFC 9112 §3.2", "malformed host")
)
