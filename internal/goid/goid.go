// Package goid tells goroutines apart.
//
// One question of the whole project needs it: does a call that may wait come from the
// coroutine that its context belongs to (then it parks), or from anywhere else (then it
// blocks)? Nothing else may depend on a goroutine's identity.
package goid

import (
	"bytes"
	"runtime"
	"strconv"

	fast "github.com/petermattis/goid"
)

// trusted is whether the fast way, which reads a field of the runtime's own structure,
// agrees with the documented one under the running version of Go.
var trusted = fast.Get() == slow()

// Get returns an identity of the calling goroutine that no other living goroutine has.
func Get() int64 {
	if trusted {
		return fast.Get()
	}
	return slow()
}

// slow reads the number from the head of a stack trace, "goroutine 18 [running]:".
func slow() int64 {
	var buf [64]byte
	s := buf[:runtime.Stack(buf[:], false)]
	s = bytes.TrimPrefix(s, []byte("goroutine "))
	if i := bytes.IndexByte(s, ' '); i > 0 {
		if id, err := strconv.ParseInt(string(s[:i]), 10, 64); err == nil {
			return id
		}
	}
	panic("goid: a stack trace without a goroutine's number")
}
