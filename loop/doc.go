// Package loop is the event loop: descriptors, callbacks, timers and coroutines.
//
// Kind: engine. It stands on internal/poll and below everything that waits.
//
// A [Loop] belongs to one goroutine at a time, its runner. In each turn it tells the handlers of
// descriptors that became ready, runs timers that are due and callbacks that were posted, lets what
// was written leave ([Loop.BeforeSleep]), and waits. Handlers and callbacks run on the loop and
// must not block. What may wait runs in a coroutine ([Loop.Start], [Loop.Spawn]): it parks, the
// loop goes on, and resumes it later.
//
//	Loop.Run, Stop, Close      a loop's life; Loop.RunSync runs it for one function
//	Loop.Post, Do, Spawn       work for the loop, from any goroutine
//	Loop.CallLater, CallAt     exact timers; PeriodicCallback for regular ones
//	Loop.AddHandler            readiness of a descriptor; Loop.SetDeadline: its coarse timer
//	Loop.OnSignal              signals of the process
//	Loop.Stats                 what the loop does and how late it is
//	Group                      a loop for each processor
//
// # Failures
//
// A panic in a callback, a timer or a coroutine is logged with its stack, and costs no more
// than the rest of that function. A descriptor's handler that panics is dismissed: its event
// may be there still, and would make it panic in every turn. All go to
// [Options].Logger, as records with the attributes "panic" (its value) and "stack".
//
// # Concurrency
//
// Methods that say "any goroutine" may be called from any. All others belong to the loop:
// call them from its handlers, its callbacks, or a coroutine that holds it
// ([Coroutine.Hold]), and while the loop does not run, from the goroutine that will run
// it. Coroutines are resumed by the loop's top level only, never from inside a handler or
// another coroutine.
//
// # Rules for code in coroutines
//
// A panic is caught and logged, and runtime.Goexit ends the coroutine alone. A goroutine
// locked to its thread (runtime.LockOSThread) must not park, and must not return: the Go
// runtime ends the program. Unlock it before any call that takes a context.
package loop
