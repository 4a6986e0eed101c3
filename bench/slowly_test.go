package bench_test

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"eddy/bench"
)

func TestReadSlowly_ToTheEndThatIsSaid(t *testing.T) {
	for size, ok := range map[int64]bool{9: false, 10: true, 11: false} {
		if err := bench.ReadSlowly(strings.NewReader("0123456789"), size, 3, 0); (err == nil) != ok {
			t.Errorf("10 bytes of %d: %v", size, err)
		}
	}
	if err := bench.ReadSlowly(iotest.ErrReader(io.ErrClosedPipe), 0, 1, 0); err != io.ErrClosedPipe {
		t.Error(err)
	}
}
