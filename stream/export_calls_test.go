package stream

import "context"

// FairShare is how many bytes a coroutine reads or writes before others have a turn.
const FairShare = fairShare

// ReadSlowly is ReadUntilRegexp with a search that the test can watch.
func (s *Stream) ReadSlowly(ctx context.Context, m interface{ FindIndex(p []byte) []int }) error {
	_, _, err := s.read(ctx, need{what: pattern, re: m})
	return err
}

// Hangups returns how many calls wait for a hangup.
func (s *Stream) Hangups() int { return len(s.extraState().hangup) }

// DelimiterSearch returns the search of one ReadUntil.
func DelimiterSearch(delim string) func(p string) int {
	n := need{what: delimiter, delim: []byte(delim)}
	return func(p string) int { return n.find([]byte(p)) }
}

// Promises returns how many writes have a future that is not done.
func (s *Stream) Promises() int { return len(s.extraState().written) }
