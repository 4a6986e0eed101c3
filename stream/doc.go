// Package stream reads and writes bytes on descriptors without blocking (Tornado's
// iostream).
//
// Kind: engine. It stands on loop; tcp makes streams, and httpserver's connections are
// streams.
//
// A [Stream] is used in one of two ways, or in both by turns. Code that runs in coroutines
// calls methods that take a context and park: ReadUntil, ReadBytes, Read, Write, Flush.
// Engine code gives a [Sink] to Init and is called back on the loop when there is something
// to do; it works on the stream's buffers in place.
//
// # Limits
//
// A stream reads only what somebody waits for: bytes that nobody wants stay in the kernel,
// and the sender feels it. A single read of the first kind collects at most MaxRead bytes
// (1 MiB unless set otherwise). Write parks while more than HighWater bytes (128 KiB) wait for
// the peer, until LowWater (32 KiB) are left.
//
// # Concurrency
//
// Methods that take a context may be called from any goroutine; one read and any number of
// writes may be under way. All others belong to the stream's loop.
package stream
