package formdata

import "math"

// The defaults of [Options].
const (
	DefaultBody      = 10 << 20
	DefaultValues    = 10 << 20
	DefaultArguments = 1000
	DefaultParts     = 100
	DefaultPartHead  = 10 << 10
	DefaultMemory    = 1 << 20
)

// Options bound a form. Each field that is zero has its default, one below zero allows nothing.
// What is beyond a limit ends in an [*Error] with status 413.
type Options struct {
	// For [Read] and [NewReader]:

	Parts    int   // parts of a multipart form; 100
	PartHead int   // bytes of the head of one part, which has 32 fields at most; 10 KiB
	Part     int64 // bytes of the content of one part; no limit of its own

	// For [Read] alone. The body that a [Reader] reads is bounded by the server.

	Body      int64 // bytes of the body, files included; 10 MiB
	Values    int64 // bytes of all arguments, names included: they stay in memory; 10 MiB
	Arguments int   // arguments of a urlencoded form; 1000

	// Memory is how many bytes of files stay in memory, heads not counted; those beyond it go to a
	// temporary file; 1 MiB.
	Memory int64

	// TempDir is the directory of the temporary file, "" for os.TempDir().
	TempDir string
}

func (o Options) filled() Options {
	set(&o.Parts, DefaultParts)
	set(&o.PartHead, DefaultPartHead)
	set(&o.Part, math.MaxInt64)
	set(&o.Body, DefaultBody)
	set(&o.Values, DefaultValues)
	set(&o.Arguments, DefaultArguments)
	set(&o.Memory, DefaultMemory)
	return o
}

func set[T int | int64](field *T, otherwise T) {
	if *field == 0 {
		*field = otherwise
	}
	*field = max(*field, 0)
}
