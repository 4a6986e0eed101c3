package async_test

import (
	"context"
	"fmt"
	"time"

	"eddy/async"
)

// The same code waits in a coroutine of a loop, where it parks, and here, where it blocks.
func Example() {
	ctx := context.Background()
	answer := async.Go(ctx, func(ctx context.Context) (int, error) {
		return 42, async.Sleep(ctx, time.Millisecond)
	})
	fmt.Println(async.WithTimeout(ctx, time.Minute, answer))
	// Output: 42 <nil>
}

func ExampleCondition() {
	var changed async.Condition
	ctx := context.Background()

	w := changed.Waiter(ctx) // first take a place in the queue,
	go changed.NotifyAll()
	fmt.Println(w.Wait(ctx)) // then check and wait: nothing is missed in between
	// Output: <nil>
}
