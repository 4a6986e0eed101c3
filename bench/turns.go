package bench

import "fmt"

// Turns measures every contestant as often as there are rounds. They take turns within each round, so that a noisy
// machine disturbs all of them alike. The first error ends it.
func Turns[R any](rounds int, names []string, measure func(name string) (R, error)) (map[string][]R, error) {
	results := map[string][]R{}
	for range rounds {
		for _, name := range names {
			r, err := measure(name)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			results[name] = append(results[name], r)
		}
	}
	return results, nil
}
