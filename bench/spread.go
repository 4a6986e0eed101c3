package bench

import "slices"

// Spread is what several measurements of one thing come to.
type Spread struct{ Median, Min, Max float64 }

// SpreadOf returns the spread of at least one value. The median of an even number of values is between the two in the
// middle. The values are sorted.
func SpreadOf(values []float64) Spread {
	slices.Sort(values)
	n := len(values)
	return Spread{(values[(n-1)/2] + values[n/2]) / 2, values[0], values[n-1]}
}

// SpreadBy returns the spread of one part of at least one result.
func SpreadBy[R any](results []R, of func(R) float64) Spread {
	values := make([]float64, len(results))
	for i, r := range results {
		values[i] = of(r)
	}
	return SpreadOf(values)
}
