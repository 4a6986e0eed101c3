//go:build libkqueue

package kqueuetest

import (
	"testing"

	"eddy/internal/poll"
	"eddy/internal/polltest"
)

func TestKqueue_KeepsTheContractOverLibkqueue(t *testing.T) {
	for name, user := range map[string]bool{"with a wake filter": true, "with a pipe": false} {
		t.Run(name, func(t *testing.T) {
			polltest.Run(t, polltest.Kind{
				Open:        func() (poll.Poller, error) { return open(user) },
				HoldsThread: true,
				TakesErrors: true, // to fill in the event; kernels leave the error where it is
			})
		})
	}
}
