// Package loop is the event loop: descriptors, callbacks, timers and coroutines.
//
// Kind: engine. It stands on internal/poll and below everything that waits.
//
// A [Loop] belongs to one goroutine at a time, its runner. In each turn it tells the
// handlers of descriptors that became ready, runs timers that are due and callbacks that
// were posted, lets what was written leave ([Loop.BeforeSleep]), and waits. Handlers and callbacks run on the loop
// and must not block. What may wait runs in a coroutine ([Loop.Start], [Loop.Spawn]):
// it parks, the loop goes on, and resumes it later.
//
// # Concurrency
//
// Methods that say "any goroutine" may be called from any. All others belong to the loop:
// call them from its handlers, its callbacks, or a coroutine that holds it
// ([Coroutine.Hold]). Coroutines are resumed by the loop's top level only, never from
// inside a handler or another coroutine.
//
// # Rules for code in coroutines
//
// A panic is caught and logged, and runtime.Goexit ends the coroutine alone. A goroutine
// locked to its thread (runtime.LockOSThread) must not park: the Go runtime ends
// the program. Unlock it before any call that takes a context.
package loop
