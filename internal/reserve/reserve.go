// Package reserve keeps the garbage collector from running all the time in a program that has little data.
//
// By default Go collects when the heap is twice as large as what the last collection found alive, and from
// 4 MB on. A server with a megabyte of data and a thousand requests a millisecond gets there a few
// hundred times a second, and each collection has a price that does not depend on how little there is: all
// processors stop twice, pointers are written the slow way meanwhile, and the memory of the last few milliseconds
// counts as alive. So while collections follow one another quickly and little is alive, the package holds a
// piece of memory that nobody ever touches, the reserve. The system has no pages for it, but the collector
// counts it, and waits for as much more. When there is nothing left to do the reserve goes.
//
// What the program pays is the garbage that waits longer: at most as much again as the reserve and what is alive.
//
// Whoever has changed GOGC or GOMEMLIMIT, in the environment or by runtime/debug, has made that choice already:
// then there is no reserve.
package reserve

import (
	"runtime"
	"sync"
	"time"
)

// keeper holds the reserve of the process. It looks at each collection once it is over, and at no other time:
// a program that rests is left in peace.
type keeper struct {
	mu       sync.Mutex
	users    map[*user]struct{}
	watching bool
	rule     rule
	held     []byte
	collect  func() heap // what is known after a collection
}

// user is somebody who wants a reserve of so many bytes.
type user struct{ size int64 }

var process = keeper{users: map[*user]struct{}{}, collect: readHeap}

// Use makes the process have a reserve of size bytes, or of the largest size that is in use, whenever it
// needs one, until leave is called. leave may be called more than once. Any goroutine.
func Use(size int64) (leave func()) { return process.use(size) }

func (k *keeper) use(size int64) (leave func()) {
	u := &user{size}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.users[u] = struct{}{}
	if !k.watching {
		k.watch()
	}
	return func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.users, u)
		if len(k.users) == 0 {
			k.held = nil
		}
	}
}

// sentinel is found dead by the next collection, which is how that makes itself known. Its pointer keeps it from
// being allocated together with others, which could live on.
type sentinel struct{ _ *keeper }

// watch waits for the end of the next collection. The caller holds mu.
func (k *keeper) watch() {
	k.watching = true
	runtime.AddCleanup(new(sentinel), (*keeper).collected, k)
}

// collected is called after a collection.
func (k *keeper) collected() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.users) == 0 {
		k.watching, k.rule = false, rule{}
		return
	}
	var size int64
	for u := range k.users {
		size = max(size, u.size)
	}
	h := k.collect()
	h.held = int64(len(k.held))
	h.live -= min(h.live, h.held)
	switch hold := k.rule.next(time.Now(), h); {
	case !hold:
		k.held = nil
	case int64(len(k.held)) != size:
		k.held = make([]byte, size)
	}
	k.watch()
}
