package nethttp

import (
	"fmt"
	"net/http"
	"reflect"
	"runtime"
	"sync"
)

// names tells hosted handlers apart that have the same name.
var names = naming{taken: make(map[string]int)}

// naming counts names. There are as many as the program has types and functions.
type naming struct {
	mu    sync.Mutex
	taken map[string]int
}

// unique returns name, with a number if it is not the first of its kind.
func (n *naming) unique(name string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.taken[name]++
	if count := n.taken[name]; count > 1 {
		return fmt.Sprintf("%s (%d)", name, count)
	}
	return name
}

// nameOf returns the function's name for a handler that is one, and else its type.
func nameOf(h http.Handler) string {
	if v := reflect.ValueOf(h); v.Kind() == reflect.Func && !v.IsNil() {
		if f := runtime.FuncForPC(v.Pointer()); f != nil {
			return f.Name()
		}
	}
	return fmt.Sprintf("%T", h)
}
