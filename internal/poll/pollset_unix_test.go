//go:build unix

package poll_test

import (
	"testing"

	"eddy/internal/poll"
	"eddy/internal/polltest"
)

// The systems whose poll(2) cannot wait for a hangup alone keep the contract but for that.
func TestPollSet_WithoutHangup(t *testing.T) {
	polltest.Run(t, polltest.Kind{Open: poll.NewPlainPollSet, HoldsThread: true, NoEarlyHangup: true})
}
