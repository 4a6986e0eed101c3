// Package tcp listens for stream connections and accepts them on a loop (Tornado's
// tcpserver and netutil).
//
// Kind: engine. It stands on loop; httpserver uses it.
//
// A [Listener] is announced by [Listen], which uses the net package, so that addresses
// mean what they mean everywhere in Go. [Listener.Accept] then hands every new connection's descriptor to a
// function on the loop.
package tcp
