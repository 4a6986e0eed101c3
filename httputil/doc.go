// Package httputil is HTTP's data model: header fields, the server's request, and the interfaces
// between an engine and what runs on it; and the small grammars of fields: cookies, ranges,
// dates, challenges, parameters, weights, and what proxies tell of their clients ([Proxies]). Forms
// are in its package formdata.
//
// Kind: core. It does no I/O, reads no clock, and starts no goroutine. It stands below http1,
// httpserver and web, so that an application written against it runs on any engine.
package httputil
