// Package compress compresses responses (Content-Encoding, RFC 9110 §8.4) in zstd, gzip, deflate, and
// whatever else a program brings, as the client's Accept-Encoding has it.
//
// Kind: surface. It stands between an engine and a handler, and knows neither: [Handler] goes around any
// httputil.Handler, on Eddy's server by HTTP/1 and HTTP/2 and on net/http's. An application of package web
// has it by web.Settings.CompressResponse, and by web.Compress for one rule.
//
// # What is compressed
//
// A body is, if all of this holds: the client accepts a coding; the Content-Type is one that
// [Options].Types likes; it has at least [Options].MinSize bytes, as far as that is known; the status is
// a final one that has a body, and not 206; the request has no Range. The handler can prevent it by a
// Content-Encoding of its own, "identity" for instance, and by Cache-Control: no-transform. A field that
// has a digest of the body (Content-Digest, Repr-Digest, Digest, Content-MD5) prevents it too, and so
// does Content-Range.
//
// Whatever could have been compressed says Vary: Accept-Encoding, whether it was or not. What is
// compressed says Content-Encoding, has no Accept-Ranges, and its entity tag is weak: If-None-Match goes
// on to match it, If-Match and If-Range do not (RFC 9110 §8.8.3.2). A 304 has the tag that the client
// knows.
//
// HEAD tells what GET would have told; where that takes a body that the handler has not written, the
// length is left out.
//
// # How
//
// A body that is known as a whole is compressed as one piece and sent with its new Content-Length: one
// of up to 1 MiB that was handed over at once, or one of up to 64 KiB. Every other is a stream, and goes
// in pieces of at most 64 KiB; a Flush ends a piece, so that the client can decode all that was written
// before. Streams are gzip or deflate: their encoder is given back after every piece, and what stays is
// 2 KiB of history. That cannot be done with zstd, of which each piece would be a frame, and of several
// frames some clients read the first alone.
//
// The work is done in the handler's coroutine, and a handler whose body is large loses its loop by it,
// as by any computation: see docs/compression.md, which has the figures.
//
// A response that lacks some of the body that it has announced is cut; so is one whose handler panics. A
// client never gets a good end of a bad body.
//
// # When not
//
// Compression tells the length of what two parts of a body have in common. A response that holds a secret
// beside something that an attacker chooses, such as a token against forged requests beside a search
// term, gives the secret away byte by byte to who can make the browser ask again and again and see the
// lengths (BREACH). Leave such routes out, or mask the secret anew each time.
//
// # Concurrency
//
// A [Compressor], and what [Handler] returns, may be used by any number of goroutines; a [Writer] by one
// at a time, as every httputil.ResponseWriter. A goroutine that still writes when its handler has
// returned gets httputil.ErrFinished.
package compress
