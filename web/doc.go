// Package web is the application framework: routing, request handlers, arguments,
// output, and error pages (Tornado's web and routing).
//
// Kind: surface. It stands on httputil, and on net/http for its types; it knows no loop
// and no socket, and runs the same on Eddy's own server, under net/http, and in a test
// without a connection.
//
// An [Application] is a list of rules. Each joins a path to a target: a handler type
// ([URL], [Regexp]), a function ([Func]), or any http.Handler ([Mount]); [Match] and
// [Host] guard lists of rules. The first rule that matches wins.
//
// A handler is a struct that embeds [RequestHandler] by value and has a method for each
// HTTP method that it answers: Get, Head, Post, Put, Delete, Patch, Options, or Any for
// all others. Each takes a context and returns an error. Further methods are hooks:
// Prepare, OnFinish, OnConnectionClose, SetDefaultHeaders, ComputeETag, WriteError,
// LogError. Which of them a type has is found once, when its rule is made. The value
// given to the rule is a prototype: every request gets a fresh copy of it, so a
// handler's fields carry its dependencies in, and hold the request's state.
//
// A request goes this way: the route is found; SetDefaultHeaders; a method that the
// handler has not is answered with 405 and an Allow field; Prepare; unless that finished
// the response, the method; the response is finished, if it was not; OnFinish; the
// access log. HEAD falls back to Get with the body counted and dropped, OPTIONS to a 204
// with Allow. The request's body is read when it is first asked for.
//
// A method reports failure by its error. An [HTTPError] chooses the status, some errors
// know theirs (a missing argument is a 400, a body beyond the limit a 413), every other
// error and every panic is a 500 and is logged. An error after the head was sent can no
// longer change the status: it is logged and the connection is cut, so that the client
// does not take a part for the whole.
//
// The response is held back until the handler returns, or calls Flush or Finish. One
// that was never flushed gets a Content-Length and, for GET and HEAD with status 200, an
// Etag, and If-None-Match is answered with 304. With [Settings].CompressResponse, or by [Compress] for
// one rule, it is compressed for clients that accept it: see package compress.
//
// [StaticFileHandler] serves files; [Settings].StaticPath adds the rules for a directory of them.
//
// # Concurrency
//
// An Application never changes once made, and any number of goroutines may use it. A
// handler value belongs to its request: one goroutine at a time uses it, and none after
// the method has returned. Requests are answered at the same time, so whatever handlers
// share (pointers in their prototype) needs the care that it needs under net/http.
// OnConnectionClose alone runs beside the method; see [ConnectionCloser].
//
// # Limits
//
// Body, BindJSON and the arguments of a body read at most [Settings].MaxBody bytes, 10 MiB by
// default, and forms have the limits of [Settings].Form; beyond them stands 413. A handler that
// reads Request.Body itself, or Parts, is under the engine's limit alone. An unflushed response is
// held in memory whole; flush a large one in pieces. Path values and arguments that are not UTF-8
// are refused with 400.
//
// A static file is never in memory as a whole, but for those below 32 KiB; docs/limits.md has what is
// remembered of files.
//
// A server that is not behind TLS should check the Host of its requests ([Host]):
// otherwise DNS rebinding lets a foreign page read what it serves.
package web
