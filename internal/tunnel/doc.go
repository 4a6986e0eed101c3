// Package tunnel makes a connection to a proxy into one to another host: by HTTP's CONNECT and by
// SOCKS5.
//
// Kind: engine. It stands on http1 and stream; httpclient dials, calls [Open], and goes on with
// the same stream, by TLS or in clear. What is said with a proxy is in two machines without I/O,
// connect and socks5, so that it can be tested at every split.
//
// # Who resolves the target's name
//
// The proxy, always: the target goes to it as it is given, for socks5 as for socks5h. So do
// net/http and golang.org/x/net/proxy; curl takes socks5 for the wish to resolve here. Who wants that gives
// the address for a target.
//
// # Secrets
//
// The user and password of a proxy's URL are in no error, and neither is anything that the proxy
// has sent, but for [Error.Header], which no text shows.
//
// # Limits
//
// A head has at most 64 KiB, and 100 interim ones may come before the answer (those of http1). The
// body of a refusal is read only where there may be a second try, up to 64 KiB and for a second.
// There is no limit of time but the context's.
package tunnel
