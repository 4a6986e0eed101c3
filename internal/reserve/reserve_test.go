package reserve

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

var raceEnabled bool // by race_test.go

// goal returns at how many bytes the next collection begins.
func goal() uint64 {
	runtime.GC()
	s := []metrics.Sample{{Name: "/gc/heap/goal:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// newKeeper returns a keeper of the tests' own, for which collections follow one another as quickly as it takes, on any
// machine, and are what heap says.
func newKeeper(h heap) *keeper {
	clock := time.Unix(1, 0)
	return &keeper{
		users:   map[*user]struct{}{},
		collect: func() heap { return h },
		now: func() time.Time {
			clock = clock.Add(often / 2)
			return clock
		},
	}
}

func (k *keeper) holds() int64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.held.len()
}

func (k *keeper) set(f func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f()
}

// until collects until the keeper holds n bytes.
func (k *keeper) until(t *testing.T, n int64) {
	t.Helper()
	for range 1000 {
		if runtime.GC(); k.holds() == n {
			return
		}
		runtime.Gosched()
	}
	t.Fatalf("a reserve of %d bytes after 1000 collections, want %d", k.holds(), n)
}

// untilUnwatched collects until the keeper has seen that it has no users.
func (k *keeper) untilUnwatched(t *testing.T) {
	t.Helper()
	for range 1000 {
		runtime.GC()
		var watching bool
		if k.set(func() { watching = k.watching }); !watching {
			return
		}
		runtime.Gosched()
	}
	t.Fatal("the collections are still watched")
}

// requireDefaults skips a test that has a meaning with Go's own settings only.
func requireDefaults(t *testing.T) {
	t.Helper()
	runtime.GC() // a reserve of the test before
	if h := readHeap(); h.tuned || h.live > little {
		t.Skip("GOGC or GOMEMLIMIT is set, or much is alive")
	}
}

func TestUse_CollectionsBecomeRarer(t *testing.T) {
	requireDefaults(t)
	const size = 16 << 20
	before := goal()
	k := newKeeper(heap{})
	leave := k.use(size)
	k.until(t, size)
	with := goal()
	leave()
	leave()
	if k.holds() != 0 {
		t.Error("nobody uses the reserve, and it is there")
	}
	k.untilUnwatched(t)
	if with < before+size {
		t.Errorf("a collection begins at %d bytes with a reserve, at %d without", with, before)
	}
	if after := goal(); after > before+size/2 {
		t.Errorf("a collection begins at %d bytes when it has gone, before at %d", after, before)
	}
}

func TestUse_TheLargestCounts(t *testing.T) {
	k := newKeeper(heap{})
	small, large := k.use(1<<20), k.use(3<<20)
	k.until(t, 3<<20)
	for range 50 { // whoever of them is asked first
		runtime.GC()
		runtime.Gosched()
		if n := k.holds(); n != 3<<20 {
			t.Fatalf("a reserve of %d bytes, want the larger", n)
		}
	}
	large()
	k.until(t, 1<<20)
	small()
	k.untilUnwatched(t)
	again := k.use(2 << 20)
	k.until(t, 2<<20)
	again()
	k.untilUnwatched(t)
}

func TestUse_GoesWhenTheProgramDecidesForItself(t *testing.T) {
	k := newKeeper(heap{})
	leave := k.use(1 << 20)
	defer leave()
	k.until(t, 1<<20)
	k.set(func() { k.collect = func() heap { return heap{tuned: true} } })
	k.until(t, 0)
}

// What the rule learns is alive is so without the reserve, which would be taken for the program's data.
func TestUse_IsNoDataOfTheProgram(t *testing.T) {
	const size = 3 * little
	k := newKeeper(heap{})
	leave := k.use(size)
	defer leave()
	k.until(t, size)
	asked := 0
	k.set(func() {
		k.collect = func() heap {
			asked++
			return heap{live: size + little + size/4} // as much as there may be with a reserve, and that
		}
	})
	for n := 0; n < 3; k.set(func() { n = asked }) {
		runtime.GC()
		runtime.Gosched()
	}
	k.set(func() {
		if k.held.len() != size {
			t.Error("the reserve went because of itself")
		}
	})
}

func TestUse_HasAnEnd(t *testing.T) {
	leave := Use(math.MaxInt64)
	defer leave()
	process.set(func() {
		for u := range process.users {
			if u.size > 256<<20 {
				t.Errorf("a reserve of %d bytes may be made", u.size)
			}
		}
	})
}

// Nor does it take memory where there was some before, which the allocator would fill with zeros.
func TestBlock_TakesNoMemory(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector has memory of its own for each piece")
	}
	resident := func() (n int64) {
		debug.FreeOSMemory()
		b, err := os.ReadFile("/proc/self/statm")
		if err != nil {
			t.Skip("the memory of a process cannot be read here")
		}
		if _, err := fmt.Sscan(string(b), new(int), &n); err != nil {
			t.Fatal(err)
		}
		return n * int64(os.Getpagesize())
	}
	const size = 64 << 20
	used := make([]byte, size)
	for i := range used {
		used[i] = 1
	}
	full := resident()
	runtime.KeepAlive(used)
	before := resident()
	b := newBlock(size)
	after := resident()
	runtime.KeepAlive(b)
	if full-before < size/2 {
		t.Errorf("%d bytes with a full piece, %d when it has gone: the test sees nothing", full, before)
	}
	if after-before > size/4 {
		t.Errorf("%d bytes in memory with a reserve, %d without", after, before)
	}
}

func TestUse_NotWithAMemoryLimit(t *testing.T) {
	requireDefaults(t)
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(1 << 30))
	if h := readHeap(); !h.tuned {
		t.Error("a memory limit is not seen")
	}
}

func TestUse_NotWithAnotherPercentage(t *testing.T) {
	requireDefaults(t)
	defer debug.SetGCPercent(debug.SetGCPercent(200))
	if h := readHeap(); !h.tuned {
		t.Error("GOGC is not seen")
	}
}

func TestReadHeap_Live(t *testing.T) {
	runtime.GC()
	before := readHeap().live
	kept := make([]byte, 4<<20)
	runtime.GC()
	if got := readHeap().live - before; got < 3<<20 {
		t.Errorf("4 MiB more are alive, and %d bytes more are told", got)
	}
	runtime.KeepAlive(kept)
}
