// Package httpserver serves HTTP/1.0 and HTTP/1.1 on event loops (Tornado's httpserver), and HTTP/2
// in goroutines.
//
// Kind: engine. It joins stream, tcp and http1, and runs any [httputil.Handler]: a
// web.Application, a plain [Func], or an http.Handler made one by [Handler]. [HTTPHandler] is the
// way back: it takes such a handler to net/http's server.
//
// A [Server] accepts connections and spreads them over the loops of a group. A connection
// is one small struct while it is idle: no goroutine, no buffer, no timer. When the head
// of a request has arrived, an exchange is made, which is never recycled, and the handler
// runs in a coroutine of the connection's loop. Requests of one connection are served one after
// another, in order.
//
// A client that chooses HTTP/2, by ALPN or by its preface ([Options].H2C), has its connection
// taken off the loop and served by golang.org/x/net/http2, with the same handler, limits, log and
// drain. Such a connection outlives the group of loops: Close the server first.
//
// [Options].Proxies says which peers are proxies and what they tell of their clients;
// [BehindProxies] does the same under net/http. [Detach] gives a handler the connection as a
// stream, Hijack of net/http gives it as a net.Conn.
//
// # Concurrency
//
// Any goroutine may call the methods of a Server, but not on a loop: they wait for it. A response
// belongs to one goroutine at a time, as httputil.ResponseWriter says.
//
// # Limits
//
// See [Options]: every limit has a default. A client that breaks the protocol or a limit is
// told so (400, 408, 413, 414, 417, 431, 501, 505), and its connection is closed.
package httpserver
