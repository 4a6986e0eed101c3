// Package async is what coroutines wait for: futures, time, conditions (Tornado's gen,
// concurrent and locks).
//
// Kind: engine, the light end of it: it stands on loop alone.
//
// Everything that waits takes a context. Called in a coroutine of a loop, with the context that
// the coroutine was given or one derived from it, it parks the coroutine and the
// loop serves others. Called anywhere else (another goroutine, a test, main) it blocks the
// goroutine. There is no wrong place to call it from. A context that ends makes the wait return
// its error and changes nothing else.
//
// All types may be used from any goroutine, and their zero values are ready.
package async
