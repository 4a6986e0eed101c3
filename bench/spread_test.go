package bench_test

import (
	"slices"
	"testing"

	"eddy/bench"
)

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
