package async

import "eddy/loop"

// Chain keeps a promise by the result of a future, once that is there, unless the promise is
// kept before (Tornado's chain_future). It does not wait.
func Chain[T any](from *Future[T], to *Promise[T]) {
	if to.future.Done() {
		return
	}
	to.future.inherit(from)
	cancel := from.subscribe(func() {
		if to.future.settle(from.value, from.err) == nil { // settled: nobody writes them any more
			from.Result() // to answers for the error now
		}
	})
	to.future.subscribe(cancel) // a promise kept otherwise is forgotten
}

// CallWhenDone runs f on l, in a turn after the future is done; if that is done already, in
// l's next turn (Tornado's IOLoop.add_future). f is a callback of the loop and must not
// block; a panic in it is logged. Once the loop is closed f does not run. In a coroutine or a
// goroutine, [Future.Wait] says the same with less.
func CallWhenDone[T any](l *loop.Loop, future *Future[T], f func(value T, err error)) {
	future.subscribe(func() {
		l.Post(func() {
			value, err, _ := future.Result()
			f(value, err)
		})
	})
}
