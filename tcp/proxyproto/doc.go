// Package proxyproto is the PROXY protocol, versions 1 and 2: the header by which a load balancer
// says, at the beginning of a connection, whose connection it passes on
// (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt).
//
// Kind: core. It does no I/O: bytes go in, a header comes out, and the other way round.
//
// Whoever connects can send a header, and claim to be anybody: look at it only when it comes
// from a proxy that is trusted, and never guess from the bytes whether there is one.
// tcp.ProxyProtocol does both for listeners.
//
// # Limits
//
// A header of version 1 has 107 bytes at most, one of version 2 [MaxLength] behind its
// first 16. Anything else is an error at the first byte that shows it.
//
// # Concurrency
//
// Functions may be called from any goroutine; a Header is a plain value.
package proxyproto
