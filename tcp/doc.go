// Package tcp listens for stream connections, serves them on loops, and dials (Tornado's
// tcpserver, tcpclient and netutil).
//
// Kind: engine. It stands on stream, async and loop; httpserver uses it.
//
// A [Listener] is a listening socket or several: [Listen] makes them of an address,
// [FromSystemd], [FromFile] and [FromListener] of what is there. A [Server] runs a [Handler]
// for each connection, in a coroutine of the loop that has the fewest. Below it there are a
// [Spreader], which accepts, counts and shares out connections for any kind of server, and an
// [Acceptor], which does no more than to accept on one loop.
//
// Behind a load balancer, [Listener.UseProxyProtocol] makes servers see the clients' addresses.
//
// [Dial] makes a stream to a host and port. It asks a [Resolver] for addresses and races them
// (happy eyeballs, RFC 8305). Wrap the resolver of the system in a [CachingResolver] when the
// same names are dialled again and again, and put an [OverrideResolver] in front in tests.
//
// Both sides speak TLS by crypto/tls: [Server.ServeTLS], DialOptions.TLS. A [KeyPair] follows
// the files of a certificate.
//
// # Limits
//
// At most 128 connections are accepted in one turn of a loop. MaxConnections bounds those that
// are open; beyond it they wait in the kernel. Without descriptors, those that wait are closed,
// and accepting rests for a tenth of a second to a whole one. docs/limits.md has them all.
//
// # Sharing connections
//
// One loop accepts for a listener and hands over. Measured against a socket for each loop
// (SO_REUSEPORT) it costs the same and is even, which a hash is not (docs/performance.md).
//
// # Concurrency
//
// Servers, spreaders and listeners may be used from any goroutine; an Acceptor belongs to its
// loop.
package tcp
