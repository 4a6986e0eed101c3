package bench_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"eddy/bench"
)

func TestTurns_GoRoundByRound(t *testing.T) {
	var calls []string
	results, err := bench.Turns(2, []string{"a", "b"}, func(name string) (int, error) {
		calls = append(calls, name)
		return len(calls), nil
	})
	if got := fmt.Sprint(calls, results["a"], results["b"]); got != "[a b a b] [1 3] [2 4]" || err != nil {
		t.Error(got, err)
	}
	calls = nil
	_, err = bench.Turns(2, []string{"a", "b"}, func(name string) (int, error) {
		calls = append(calls, name)
		return 0, io.ErrUnexpectedEOF
	})
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.HasPrefix(err.Error(), "a: ") || len(calls) != 1 {
		t.Errorf("%v after %v", err, calls)
	}
}

func TestSpreadOf_MedianOfOddAndEven(t *testing.T) {
	for want, values := range map[bench.Spread][]float64{
		{Median: 3, Min: 3, Max: 3}:   {3},
		{Median: 2, Min: 1, Max: 9}:   {9, 1, 2},
		{Median: 2.5, Min: 1, Max: 4}: {4, 2, 1, 3},
	} {
		given := slices.Clone(values)
		if got := bench.SpreadOf(values); got != want {
			t.Errorf("%v: %+v, want %+v", given, got, want)
		}
	}
}

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
