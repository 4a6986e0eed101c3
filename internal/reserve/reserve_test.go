package reserve

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

var garbage []byte

// churn makes n MiB of garbage in pieces that the collector has to clean up, and returns how many collections that took.
func churn(n int) uint32 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n << 10 {
		garbage = make([]byte, 1<<10)
	}
	runtime.ReadMemStats(&after)
	return after.NumGC - before.NumGC
}

func newKeeper() *keeper { return &keeper{users: map[*user]struct{}{}, collect: readHeap} }

func (k *keeper) holds() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.held)
}

// untilHeld makes garbage until there is a reserve.
func untilHeld(t *testing.T, k *keeper) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); k.holds() == 0; {
		churn(8)
		if time.Now().After(deadline) {
			t.Skip("collections do not follow one another quickly: the machine is too busy")
		}
	}
}

func requireDefaults(t *testing.T) {
	t.Helper()
	runtime.GC() // a reserve of the test before
	if h := readHeap(); h.tuned || h.live > little {
		t.Skip("GOGC or GOMEMLIMIT is set, or much is alive")
	}
}

func TestUse_CollectionsBecomeFewer(t *testing.T) {
	requireDefaults(t)
	k := newKeeper()
	var before, with uint32
	for range 5 { // a machine that stands still for a second makes the reserve go
		const much = 256
		before = churn(much)
		leave := k.use(16 << 20)
		untilHeld(t, k)
		with = churn(much)
		leave()
		leave()
		if k.holds() != 0 {
			t.Fatal("nobody uses the reserve, and it is there")
		}
		untilUnwatched(t, k)
		if with*2 <= before {
			return
		}
	}
	t.Errorf("%d collections with a reserve, %d without", with, before)
}

// untilUnwatched collects until the keeper has seen that it has no users.
func untilUnwatched(t *testing.T, k *keeper) {
	t.Helper()
	for range 1000 {
		runtime.GC()
		k.mu.Lock()
		watching := k.watching
		k.mu.Unlock()
		if !watching {
			return
		}
		runtime.Gosched()
	}
	t.Fatal("the collections are still watched")
}

func TestUse_TheLargestCounts(t *testing.T) {
	requireDefaults(t)
	k := newKeeper()
	k.collect = func() heap { return heap{} }
	small, large := k.use(1<<20), k.use(3<<20)
	untilHeld(t, k)
	if n := k.holds(); n != 3<<20 {
		t.Errorf("a reserve of %d bytes, want the larger", n)
	}
	large()
	for range 1000 {
		if churn(32); k.holds() == 1<<20 {
			small()
			untilUnwatched(t, k)
			return
		}
	}
	t.Error("the larger reserve stays when its user has left")
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
