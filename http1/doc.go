// Package http1 is the protocol of HTTP/1.0 and HTTP/1.1 (RFC 9110, RFC 9112) without a
// connection: bytes go in and requests and responses come out, and the other way round.
//
// Kind: core. It does no I/O, reads no clock, starts no goroutine and logs nothing.
//
// A server has a [RequestReader] for each connection and a [ResponseEncoder] for each
// exchange; a client has a [RequestEncoder] and a [ResponseReader]. Readers are shown the
// bytes that have come and say how many they used; the caller keeps the rest and shows it
// again with more behind it. Encoders append to the caller's buffer. Neither holds bytes.
//
// # Strictness
//
// What two parsers could read differently is refused: lines that do not end in CRLF,
// folded lines of requests, whitespace before a colon, control characters, a Content-Length
// that is repeated, a list, or beside a Transfer-Encoding, any Transfer-Encoding but
// chunked, and more than one Host. README.md has the list of decisions.
//
// # States
//
// Readers and encoders run by tables of states, which README.md draws. A call that does
// not fit the state fails with a Local [*Error] or an error of httputil and changes nothing.
// What the peer did wrong is returned by every further call.
//
// # Limits and errors
//
// [Limits] bounds everything that a peer can make long. Faults are of type [*Error], which
// says whose fault it is and which status answers it. It never holds what the peer sent.
//
// # Concurrency
//
// Readers and encoders are plain values for one goroutine at a time.
package http1
