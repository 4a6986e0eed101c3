// Package reserve keeps the garbage collector from running all the time in a program that has little data.
//
// By default Go collects when the heap is twice as large as what the last collection found alive, and from
// 4 MB on. A server with a megabyte of data and a thousand requests a millisecond gets there a few
// hundred times a second, and each collection has a price that does not depend on how little there is: all
// processors stop twice, pointers are written the slow way meanwhile, and the memory of the last few milliseconds
// counts as alive. So while collections follow one another quickly and little is alive, the package holds a
// piece of memory that nobody ever touches, the reserve. The system has no pages for it, but the collector
// counts it, and waits for as much more. The reserve goes with the first collection that comes a second after
// the one before. A program that has come to rest makes no garbage, and has Go's own collection every two minutes.
//
// What the program pays is the garbage that waits longer: as much as the reserve and what is alive.
//
// Whoever has changed GOGC or GOMEMLIMIT, in the environment or by runtime/debug, has made that choice already:
// then there is no reserve.
package reserve

import (
	"runtime"
	"strings"
	"sync"
	"time"
)

// most is the largest reserve. With more, collections are no rarer than anybody can tell.
const most = 256 << 20

// keeper holds the reserve of the process. It looks at each collection once it is over, and at no other time:
// a program that rests is left in peace.
type keeper struct {
	mu       sync.Mutex
	users    map[*user]struct{}
	watching bool
	rule     rule
	held     *block      // the reserve, nil if there is none
	collect  func() heap // what is known after a collection
	now      func() time.Time
}

// block is memory that nobody touches. A new slice would be written to: where the memory was in use before, it is
// filled with zeros, and would be the program's again. The room of a Builder is not.
type block struct {
	room strings.Builder
	size int64
}

func newBlock(size int64) *block {
	b := &block{size: size}
	b.room.Grow(int(size))
	return b
}

func (b *block) len() int64 {
	if b == nil {
		return 0
	}
	return b.size
}

// user is somebody who wants a reserve of so many bytes.
type user struct{ size int64 }

var process = keeper{users: map[*user]struct{}{}, collect: readHeap, now: time.Now}

// Use makes the process have a reserve of size bytes, but 256 MiB at most, or of the largest size that is in use,
// whenever it needs one, until leave is called. leave may be called more than once. Any goroutine.
func Use(size int64) (leave func()) { return process.use(min(size, most)) }

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
	h.held = k.held.len()
	h.live -= min(h.live, h.held)
	switch hold := k.rule.next(k.now(), h); {
	case !hold:
		k.held = nil
	case k.held.len() != size:
		k.held = newBlock(size)
	}
	k.watch()
}
