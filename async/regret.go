package async

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"slices"
	"sync/atomic"

	"eddy/loop"
)

// regret is the memory of an error that must not vanish: if the future is collected and
// nobody has looked at it, the log tells (Tornado's "exception was never retrieved").
type regret struct {
	log   *slog.Logger
	mute  bool    // nothing is logged,
	quiet []error // or not these
	seen  atomic.Bool
}

// newRegret returns what a future needs that is made on behalf of ctx.
func newRegret(ctx context.Context) *regret {
	errs, set := ctx.Value(quietKey{}).([]error)
	return &regret{log: logger(ctx), mute: set && len(errs) == 0, quiet: errs}
}

func (r *regret) looked() {
	if r != nil {
		r.seen.Store(true)
	}
}

// abandon is called by somebody who has waited in vain.
func (f *Future[T]) abandon(ctx context.Context) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := newRegret(ctx)
	switch {
	case f.done:
	case f.regret == nil:
		f.regret = r
	case r.mute:
		f.regret.looked() // whoever waited does not want to know
	}
}

// inherit makes f answerable for the errors of from.
func (f *Future[T]) inherit(from *Future[T]) {
	from.mu.Lock()
	r := from.regret
	from.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	if r != nil && f.regret == nil && !f.done {
		f.regret = &regret{log: r.log, mute: r.mute, quiet: r.quiet}
	}
}

// watchFor makes the garbage collector tell of f's error. Only futures that fail pay for
// it, and only those that have a regret. f.mu is held.
func watchFor[T any](f *Future[T]) {
	r, err := f.regret, f.err
	if r == nil || r.mute || isCancellation(err) || isAny(err, r.quiet) {
		return
	}
	// Of the error only its text is kept: the error itself may lead to the future, which
	// would then never be collected.
	text, stack := err.Error(), stackOf(err)
	runtime.AddCleanup(f, func(r *regret) {
		if !r.seen.Load() {
			r.log.Error("nobody looked at the error of a future", attrs(text, stack)...)
		}
	}, r)
}

// logger returns the logger of ctx's loop, or the default one.
func logger(ctx context.Context) *slog.Logger {
	if co := loop.FromContext(ctx); co != nil {
		return co.Loop().Logger()
	}
	return slog.Default()
}

func stackOf(err error) string {
	var p *PanicError
	if errors.As(err, &p) {
		return string(p.Stack)
	}
	return ""
}

func attrs(text, stack string) []any {
	list := []any{slog.String("error", text)}
	if stack != "" {
		list = append(list, slog.String("stack", stack))
	}
	return list
}

// isCancellation reports whether err says only that nobody wants the result any more, or not
// for that long.
func isCancellation(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

type quietKey struct{}

// Quiet returns a context in which errors that are not returned are not logged either: the
// second and later ones of [Gather], and those of futures of [Go] and [RunInExecutor] that
// nobody looks at. With errs given, only errors that match one of them (errors.Is) are
// left out.
func Quiet(ctx context.Context, errs ...error) context.Context {
	return context.WithValue(ctx, quietKey{}, errs)
}

// isQuiet reports whether err is left out of the log.
func isQuiet(ctx context.Context, err error) bool {
	errs, set := ctx.Value(quietKey{}).([]error)
	return isCancellation(err) || set && (len(errs) == 0 || isAny(err, errs))
}

func isAny(err error, of []error) bool {
	return slices.ContainsFunc(of, func(e error) bool { return errors.Is(err, e) })
}
