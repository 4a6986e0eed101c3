// Package tcp listens for stream connections and accepts them on a loop (Tornado's
// tcpserver and netutil), and dials (Tornado's tcpclient).
//
// Kind: engine. It stands on loop, async and stream; httpserver uses it.
//
// A [Listener] is announced by [Listen], which uses the net package, so that addresses
// mean what they mean everywhere in Go. [Listener.Accept] then hands every new connection's descriptor to a
// function on the loop.
//
// [Dial] makes a stream to a host and port. It asks a [Resolver] for addresses and races them
// (happy eyeballs, RFC 8305). Wrap the resolver of the system in a [CachingResolver] when the
// same names are dialled again and again, and put an [OverrideResolver] in front in tests.
package tcp
