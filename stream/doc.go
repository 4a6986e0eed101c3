// Package stream reads and writes bytes on descriptors without blocking (Tornado's
// iostream).
//
// Kind: engine. It stands on loop and async; tcp makes streams, and httpserver's connections
// are streams.
//
// A [Stream] is used in one of two ways, or in both by turns. Code that runs in coroutines
// calls methods that take a context and park: ReadUntil, ReadBytes, Read, Write, Flush.
// Engine code gives a [Sink] to Init and is called back on the loop when there is something
// to do; it works on the stream's buffers in place. What speaks io.Reader and io.Writer gets a
// view of the first kind, bound to a context: [Stream.Reader], [Stream.Writer].
//
// Streams come from accepted connections and from [New], from pipes and the like by
// [FromFile], and two that are connected with each other from [Pair].
//
// # The end
//
// That the peer stops sending ends the reads (io.EOF) and not the stream: writes go on. It is
// noticed although nobody reads (WaitHangup, StreamHangup), and nothing is read for that. A
// stream that was closed, by this side or by a failure, fails with [ErrClosed], which
// carries the cause; OnClose and StreamClosed tell of it once. [Quiet] tells causes that
// deserve no line in a log.
//
// What was read into the stream's own buffer can be read after the close. What the kernel
// still holds is lost by a reset, and by a close of this side. It is not lost when the peer
// closes in order: a stream without sink, or with one that has paused, reads it then, even if
// nobody has asked.
//
// A read that fails because its context has ended takes nothing: the next one finds all
// bytes in their places. (ReadFull says how many it has put into its caller's memory.)
//
// # Limits
//
// A stream reads only what somebody waits for: bytes that nobody wants stay in the kernel,
// and the sender feels it. A single read of the first kind collects at most MaxRead bytes
// (1 MiB unless set otherwise) or the limit that it is given; a stream from which more is
// wanted is closed with [ErrTooLong], and nothing is logged: the call itself fails. Write
// parks while more than HighWater bytes (128 KiB) wait for the peer, until LowWater (32 KiB) are
// left. WriteFuture never waits; beyond MaxWrite (64 MiB) both fail with [ErrBufferFull].
//
// A coroutine whose calls need not wait, because bytes are always there, gives way to others after
// 256 KiB or 256 calls.
//
// # Concurrency
//
// Methods that take a context may be called from any goroutine; one read and any number of
// writes may be under way. All others belong to the stream's loop: elsewhere, go through
// Loop.Post or Loop.Do.
package stream
