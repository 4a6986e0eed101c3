//go:build unix

package poll

// PollSeesHangup is whether this system's poll(2) can wait for a hangup alone.
const PollSeesHangup = pollHangup != 0

// NewPlainPollSet is a poll(2) that cannot.
func NewPlainPollSet() (Poller, error) { return openPollSet(0) }
