// Package async is what coroutines wait for: futures, time, events, conditions, locks, queues
// and executors (Tornado's gen, concurrent, locks and queues).
//
// Kind: engine, the light end of it: it stands on loop alone.
//
// Everything that waits takes a context. Called in a coroutine of a loop, with the context that
// the coroutine was given or one derived from it, it parks the coroutine and the
// loop serves others. Called anywhere else (another goroutine, a test, main) it blocks the
// goroutine. Only plain callbacks of a loop must not wait: nothing can go on in their place. A
// context that ends makes the wait return its error and changes nothing else. In a
// coroutine whose loop is closed it returns loop.ErrClosed, which is context.Canceled, too
// (errors.Is).
//
// What is there beats a context that has ended: a result, a permit, an item that can be had
// without waiting is given. Those who wait are served in the order of their coming.
//
// All types may be used from any goroutine, and the zero value of each is ready unless it says
// otherwise. Queues have the bound that they were made with; an [Executor] has one by default.
package async
