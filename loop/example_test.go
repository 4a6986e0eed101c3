package loop_test

import (
	"context"
	"expvar"
	"fmt"
	"time"

	"eddy/loop"
)

func Example() {
	l, err := loop.New(loop.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	go l.Run()
	defer l.Close()

	done := make(chan struct{})
	l.Post(func() { // on the loop
		l.CallLater(time.Millisecond, func() { fmt.Println("a millisecond later") })
	})
	l.Spawn(context.Background(), func(ctx context.Context) { // in a coroutine: it may wait
		defer close(done)
		var w loop.Waiter
		w.Init(ctx)
		w.WakeAfter(20 * time.Millisecond)
		w.Wait(ctx)
		fmt.Println("and later still")
	})
	<-done
	// Output:
	// a millisecond later
	// and later still
}

// A callback that comes again and again, with a jitter of 5% up and down.
func ExamplePeriodicCallback() {
	l, err := loop.New(loop.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	n := 0
	heartbeat, err := loop.NewPeriodicCallback(l, time.Millisecond, func(ctx context.Context) error {
		if n++; n <= 3 {
			fmt.Println("beat", n)
		} else {
			l.Stop()
		}
		return nil
	}, loop.PeriodicOptions{Jitter: 0.1})
	if err != nil {
		fmt.Println(err)
		return
	}
	heartbeat.Start()
	defer heartbeat.Stop()
	l.Run()
	// Output:
	// beat 1
	// beat 2
	// beat 3
}

// A program that needs a loop for one task, for a minute at most.
func ExampleLoop_RunSync() {
	l, err := loop.New(loop.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	answer := 0
	err = l.RunSync(ctx, func(ctx context.Context) error { // in a coroutine: it may wait
		answer = 42
		return nil
	})
	fmt.Println(answer, err)
	// Output: 42 <nil>
}

// The numbers of a loop as a variable of package expvar, which a server shows at
// /debug/vars. For a [loop.Group] it is g.Stats().
func ExampleLoop_Stats() {
	l, err := loop.New(loop.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	expvar.Publish("loop", expvar.Func(func() any { return l.Stats() }))

	before := l.Stats()
	l.RunSync(context.Background(), func(ctx context.Context) error {
		l.CallLater(time.Hour, func() {})
		var w loop.Waiter
		w.Init(ctx)
		w.WakeAfter(time.Millisecond)
		return w.Wait(ctx)
	})
	after := l.Stats()
	fmt.Println("timers:", after.Timers)
	fmt.Println("idle for the most part:", after.BusyRatio(before) < 0.9)
	// Output:
	// timers: 1
	// idle for the most part: true
}
