package loop_test

import (
	"strings"
	"testing"

	"eddy/loop"
)

func TestNew_UnknownPollerIsAnError(t *testing.T) {
	t.Setenv("EDDY_POLLER", "select")
	l, err := loop.New(loop.Options{})
	if err == nil {
		l.Close()
		t.Fatal("there is no such poller")
	}
	if s := err.Error(); !strings.HasPrefix(s, "loop: poll: ") || !strings.Contains(s, `EDDY_POLLER="select"`) {
		t.Errorf("the error does not help: %q", s)
	}
}
