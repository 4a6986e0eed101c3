package web

import (
	"context"

	"eddy/httputil"
	"eddy/httputil/compress"
)

// packing is what a rule says about compression.
type packing int8

const (
	packAsSet  packing = iota // as the application's settings have it
	packAlways                // by Compress(true)
	packNever                 // by Compress(false)
)

// Compress says whether the responses of a rule are compressed, whatever [Settings].CompressResponse says.
// It is also an option of [Mount]. What an application leaves to its settings, the one that it is
// mounted in may compress; what it has switched off stays so.
func Compress(on bool) RuleOption {
	return func(r *Rule) {
		r.packing = packNever
		if on {
			r.packing = packAlways
		}
	}
}

// packs reports whether responses of e are compressed.
func (a *Application) packs(e *entry) bool {
	return e.packing == packAlways || a.settings.CompressResponse && e.packing == packAsSet
}

// leave keeps the application that this one is mounted in from compressing a response.
func leave(w httputil.ResponseWriter) {
	if outer, ok := w.(*compress.Writer); ok {
		outer.Off()
	}
}

// servePacked is serve with a compressed response.
func (a *Application) servePacked(ctx context.Context, e *entry, args []string, w httputil.ResponseWriter, r *httputil.Request) {
	cw := a.compressor.Writer(w, r)
	a.serve(ctx, e, args, cw, r)
	cw.End()
}
