package loop_test

import (
	"context"
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
