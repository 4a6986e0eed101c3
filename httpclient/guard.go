package httpclient

import (
	"runtime/debug"

	"eddy/async"
)

// guarded calls f, which belongs to the user. A panic of it is an error, so that nothing is left behind that a fetch
// holds.
func guarded(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &async.PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return f()
}
