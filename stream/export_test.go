package stream

import (
	"context"
	"unsafe"
)

// Size is what one stream takes in memory.
const Size = unsafe.Sizeof(Stream{})

// FairShare is how many bytes a coroutine reads or writes before others have a turn.
const FairShare = fairShare

// ReadSlowly is ReadUntilRegexp with a search that the test can watch: find returns where
// the match ends, negative if there is none.
func (s *Stream) ReadSlowly(ctx context.Context, find func(p []byte) int) error {
	return s.read(ctx, need{slow: true, find: find, take: func([]byte) {}})
}

// Promises returns how many writes have a future that is not done.
func (s *Stream) Promises() int { return len(s.callState().written) }
