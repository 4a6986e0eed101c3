// Package formdata reads the forms that browsers send: urlencoded ones, and multipart/form-data
// with files (Tornado's parse_body_arguments). [Read] collects a form, small files in memory and
// the rest in a temporary file; [NewReader] hands out the parts of an upload as they come and holds
// nothing. A [Builder] makes such a form for a client to send, and holds no file's content.
//
// Kind: surface. It stands on httputil and reads from any io.Reader; the only things of the world that it
// touches are the temporary file, and what files a Builder is given. Handlers of package web use it through
// their methods Form, Argument, File and Parts.
//
// Parsing is strict (RFC 7578, RFC 2046): lines end with CR LF, nothing but an empty line stands
// before the first boundary, the last one must come, every part has one Content-Disposition of
// form-data with a name, and text in part heads is UTF-8. When it is in doubt the answer is an
// error. Every fault of the client's is an [*Error], which knows its status and holds none of the
// client's bytes; the first one ends the reading. What the body's own Read fails with is passed on
// as it is. The cost is linear in the body's length, however it arrives.
//
// # Concurrency
//
// A Reader and its parts belong to one goroutine. A Form does not change once read; any goroutine
// may use it and its files until it is closed.
//
// # Limits
//
// See [Options]. A Reader holds 16 KiB, or what its largest part head needs if that is more.
package formdata
