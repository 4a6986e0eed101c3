// Package nethttp joins httputil and net/http in both directions: [Handler] runs an
// http.Handler on any engine, [Serve] runs an httputil.Handler under net/http, and [BehindProxies]
// lets it see the client behind a proxy there.
//
// Kind: surface. It stands on httputil and net/http and opens no connection.
//
// Concurrency: the handlers that it returns hold no state between requests, and may serve any
// number of them at once. Within one request the rules of httputil.ResponseWriter hold: one
// goroutine at a time, until the handler returns.
//
// Limits: under net/http a custom reason phrase is dropped, and an engine's writer has what
// net/http's own has: hijacking and deadlines. An http.Handler on an engine can hijack and set
// deadlines if the engine can. docs/handlers.md lists what differs from net/http's server, and
// TestWire holds that nothing else does. A handler mounted inside an application that itself runs
// under net/http crosses nothing: it gets the original pair.
package nethttp
