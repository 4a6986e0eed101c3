package http1

// The defaults of [Limits].
const (
	DefaultRequestLine  = 8 << 10
	DefaultHeaderBytes  = 64 << 10
	DefaultHeaderFields = 256
	DefaultChunkLine    = 256
	DefaultTrailerBytes = 8 << 10
	DefaultBody         = 100 << 20
)

// Limits bounds what a reader accepts, in bytes unless said otherwise. The zero value
// means the defaults, but readers want them filled in: give them the result of
// [Limits.WithDefaults], which many connections may share.
type Limits struct {
	RequestLine  int   // the start line without its CRLF; default 8 KiB; beyond: 414
	HeaderBytes  int   // the whole head with its empty lines; default 64 KiB; beyond: 431
	HeaderFields int   // number of fields in a head, and again in a trailer; default 256; beyond: 431
	ChunkLine    int   // a chunk-size line with extensions and CRLF; default 256; beyond: 400
	TrailerBytes int   // the fields behind a chunked body; default 8 KiB; beyond: 431
	Body         int64 // Content-Length, or all chunks together; default 100 MiB; beyond: 413; negative: no limit
}

// WithDefaults returns l with each zero or nonsensical field replaced by its default.
func (l Limits) WithDefaults() Limits {
	positive := func(p *int, normal int) {
		if *p <= 0 {
			*p = normal
		}
	}
	positive(&l.RequestLine, DefaultRequestLine)
	positive(&l.HeaderBytes, DefaultHeaderBytes)
	positive(&l.HeaderFields, DefaultHeaderFields)
	positive(&l.ChunkLine, DefaultChunkLine)
	positive(&l.TrailerBytes, DefaultTrailerBytes)
	// The readers count both in 32 and 16 bits, to stay small.
	l.HeaderBytes = min(l.HeaderBytes, 1<<30)
	l.TrailerBytes = min(l.TrailerBytes, 1<<30)
	l.HeaderFields = min(l.HeaderFields, 1<<16-1)
	if l.Body == 0 {
		l.Body = DefaultBody
	}
	return l
}

// bodyFits reports whether a body of n bytes is within the limit.
func (l *Limits) bodyFits(n int64) bool { return l.Body < 0 || n <= l.Body }
