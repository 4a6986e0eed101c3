// Package nethttp joins httputil and net/http in both directions: [Handler] runs an
// http.Handler on any engine, [Serve] runs an httputil.Handler under net/http.
//
// Kind: surface. It stands on httputil and net/http and opens no connection.
//
// Concurrency: the handlers that it returns hold no state between requests, and may serve any number of them
// at once. Within one request the rules of httputil.ResponseWriter hold: one goroutine
// at a time, until the handler returns.
//
// Limits: what httputil cannot say is lost in a crossing. An http.Handler on an engine
// sees a nil Request.TLS, cannot hijack, and its response trailers are dropped. Under
// net/http a custom reason phrase is dropped. A handler mounted inside an application
// that itself runs under net/http crosses nothing: it gets the original pair.
package nethttp
