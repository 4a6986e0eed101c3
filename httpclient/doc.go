// Package httpclient fetches over HTTP without blocking (Tornado's httpclient).
//
// Kind: engine. It stands on loop, stream, tcp and http1; web's handlers use it.
//
//	resp, err := httpclient.Get(ctx, "http://127.0.0.1:9000/")
//
// In a handler, or any other coroutine, such a call parks it, and the connection belongs to the same loop, so that
// what comes is handed over without a goroutine in between. Anywhere else, in main or in a test, it blocks its
// goroutine, and loops of the client's own do the work. docs/fetching.md has more examples.
//
// # Ways to fetch
//
// [Client.Do], and [Get], [Head], [Post] and [PostForm] for the simple cases, return the whole response.
// [Client.Fetch] begins it and returns a future. [Client.Stream] returns with the head, and its body is read as
// it arrives; what nobody reads stays with the server.
//
// A status of 400 or more is no error: see [Response.Rethrow]. Errors are of type [*Error], which says in what
// phase the fetch failed.
//
// [Transport] is the same client as an http.RoundTripper, for libraries that are written for net/http.
//
// [Stream.TakeStream] hands over the connection of a response that has ended HTTP on it, such as a WebSocket's.
//
// # Tracing
//
// A [net/http/httptrace.ClientTrace] in the context is told what Do, Stream and Transport do. GetConn, GotConn,
// the look-up, TLSHandshakeStart and Got1xxResponse are called where the caller waits, and may wait themselves.
// All others are called on the connection's loop: they must not block. The Conn of GotConn tells its addresses,
// and does nothing else. By HTTP/2 those of a request that is under way are called in goroutines of its
// connection, which waits for them, and GotConn shows that connection itself, which is to be asked for its
// addresses alone. Interim responses (103 Early Hints) are told of by Got1xxResponse; what follows one is not
// read before it returns.
//
// # Connections
//
// A connection is used again for requests that agree in everything that it depends on: scheme, host and port,
// proxy, TLS configuration, family and source of addresses, and the loop. One that the server has closed
// meanwhile costs another try, for requests that can be repeated (RFC 9110 §9.2.2): GET, HEAD, PUT, DELETE,
// OPTIONS, TRACE, and those with an Idempotency-Key.
//
// Over TLS, HTTP/2 is offered, and used if the server chooses it: one connection then serves all loops.
//
// # Limits
//
// [Options] has them, with their defaults. Every fetch ends: by its response, a limit of time or size, its
// context, or the end of the client.
//
// # Inside
//
// A fetch (fetch.go, and future.go for one without a coroutine) goes from hop to hop: redirect.go, auth.go,
// cookies.go. Each hop takes a place (limiter.go) and a connection: one at rest (pool.go, keepalive.go), a new
// one (dial.go, proxy.go, tls_in_tls.go), or a share of one by HTTP/2 (the files of h2). What it sends
// (write.go) and what comes is an exchange (exchange.go, inbox.go), which the connection serves on its loop
// (conn.go, deadline.go), beside the source of a body (sender.go, expect.go), until it is over or is left
// (leave.go). The caller takes it whole (client.go), bit by bit (stream.go, callbacks.go), or as net/http has it
// (the files of roundtrip, upgrade.go); decode.go undoes codings.
//
// # Concurrency
//
// A Client may be used from any goroutine. Requests and responses are plain values; a Request must not be changed
// while it is being fetched. A [Stream] belongs to one goroutine at a time.
package httpclient
