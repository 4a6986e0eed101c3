package http1

import (
	"io"

	"eddy/httputil"
)

// Side says who broke the protocol.
type Side uint8

const (
	Remote Side = iota // the peer, by what it sent
	Local              // the caller, by what it asked for
)

// Error is a violation of the protocol. It holds fixed words only, never bytes of the
// peer, so it may be logged and sent. Errors of this type are shared: do not change them.
type Error struct {
	Side    Side
	Status  int    // for a remote fault the status that answers it, in a client 502; else 500
	Reason  string // what is wrong, in a few words
	Section string // the rule, such as "RFC 9112 §2.2"
	Err     error  // httputil.ErrBodyTooLarge, io.ErrUnexpectedEOF, or nil

	number uint8 // its place in faults
}

// Error returns the reason with its section.
func (e *Error) Error() string {
	return "http1: " + e.Reason + " (" + e.Section + ")"
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// faults has every Error, by number. A reader keeps the number of what broke it, which
// takes less room than a pointer and is none to the garbage collector.
var faults = make([]*Error, 0, 64)

// remote makes a fault of the peer. Faults are made once, at start-up: a flood of bad
// requests allocates nothing here.
func remote(status int, section, reason string) *Error {
	return register(&Error{Side: Remote, Status: status, Reason: reason, Section: section})
}

func local(section, reason string) *Error {
	return register(&Error{Side: Local, Status: 500, Reason: reason, Section: section})
}

// wrapping makes a fault that callers tell from others by errors.Is.
func wrapping(cause error, status int, section, reason string) *Error {
	e := remote(status, section, reason)
	e.Err = cause
	return e
}

func register(e *Error) *Error {
	e.number = uint8(len(faults))
	faults = append(faults, e)
	return e
}

// fromServer is the client's view of a fault: nobody waits for a 400, but a gateway
// answers a broken response with 502 (RFC 9110 §15.6.3).
func fromServer(e *Error) error {
	if e.Side == Local {
		return e
	}
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
	errDisguised   = remote(400, "RFC 3875 §4.1.18", "the name of a framing field with an underscore")
)

// Faults of start lines.
var (
	errMethod    = remote(400, "RFC 9110 §9.1", "malformed method")
	errTarget    = remote(400, "RFC 9112 §3.2", "malformed request target")
	errAsterisk  = remote(400, "RFC 9112 §3.2.4", "the target * does not go with this method")
	errAuthority = remote(400, "RFC 9112 §3.2.3", "malformed authority in the request target")
	errVersion   = remote(400, "RFC 9112 §2.3", "malformed HTTP version")
	errMajor     = remote(505, "RFC 9110 §15.6.6", "unsupported HTTP version")
	errStatus    = remote(502, "RFC 9112 §4", "malformed status line")
	errInterim   = remote(502, "RFC 9110 §15.2", "too many interim responses")
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
	errBodyLarge = wrapping(httputil.ErrBodyTooLarge, 413, "RFC 9110 §15.5.14", "the body is too large")
	errTruncated = wrapping(io.ErrUnexpectedEOF, 502, "RFC 9112 §8", "the connection ended inside a message")

	errChunkSize    = remote(400, "RFC 9112 §7.1", "malformed chunk size")
	errChunkLine    = remote(400, "RFC 9112 §7.1", "a chunk-size line is too long")
	errChunkEnd     = remote(400, "RFC 9112 §7.1", "a chunk does not end in CRLF")
	errExtension    = remote(400, "RFC 9112 §7.1.1", "malformed chunk extension")
	errExtensions   = remote(400, "RFC 9112 §7.1.1", "too many bytes of chunk extensions")
	errTrailerLong  = remote(431, "RFC 9112 §7.1.2", "the trailer is too large")
	errTrailerField = remote(400, "RFC 9110 §6.5.1", "a field that has no place in a trailer")
)

// Faults of the caller.
var (
	errLocalStatus = local("RFC 9110 §15", "a status must have three digits")
	errLocalSwitch = local("RFC 9110 §7.8", "101 cannot answer HTTP/1.0")
	errLocalMethod = local("RFC 9110 §9.1", "the method is not a token")
	errLocalTarget = local("RFC 9112 §3.2", "the target does not fit in a request line")
	errLocalHost   = local("RFC 9112 §3.2", "the host does not fit in a Host field")
)

// Calls that do not fit the state of a reader.
var (
	errLocalNoHead = local("RFC 9112 §2.1", "no head to go with it")
	errLocalBody   = local("RFC 9112 §9.3", "the message before it is not complete")
	errLocalLast   = local("RFC 9112 §9.6", "the message before it was the last one")
	errLocalTunnel = local("RFC 9110 §7.8", "the connection is not HTTP's any more")
)
