//go:build race

package reserve

func init() { raceEnabled = true }
