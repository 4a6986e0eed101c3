//go:build unix && !linux

package polltest

import "testing"

func interrupted(t *testing.T, _ *harness) {
	t.Skip("no portable way to interrupt one thread")
}
