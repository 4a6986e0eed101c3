//go:build !unix

package poll

// PollSeesHangup is false: there is no poll(2).
const PollSeesHangup = false
