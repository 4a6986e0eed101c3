package goid

import (
	"iter"
	"testing"
)

func TestGet_AgreesWithStackTrace(t *testing.T) {
	if !trusted {
		t.Log("the fast way does not know this version of Go")
	}
	check := func(where string) int64 {
		if Get() != slow() {
			t.Errorf("%s: Get() = %d, the stack says %d", where, Get(), slow())
		}
		return Get()
	}
	here := check("test")
	other := make(chan int64)
	go func() { other <- check("goroutine") }()
	if id := <-other; id == here {
		t.Errorf("two goroutines share the identity %d", id)
	}
	next, stop := iter.Pull(func(yield func(int64) bool) {
		for yield(check("coroutine")) {
		}
	})
	defer stop()
	first, _ := next()
	second, _ := next()
	if first == here || first != second {
		t.Errorf("a coroutine must have one identity of its own: %d, %d beside %d", first, second, here)
	}
}

func BenchmarkGet(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Get()
	}
}
