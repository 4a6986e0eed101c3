package bench

import (
	"time"

	"eddy/bench/child"
)

// Passage is what a process took, in MiB, while bytes passed through it, and how fast they did, in MiB/s.
type Passage struct{ Idle, Median, Most, Rate float64 }

const mib = 1 << 20

// Pass has size bytes pass through a process, in equal shares by n calls of pass at once, and watches its memory
// meanwhile. It returns the first error without waiting for the other calls.
func Pass(p child.PID, size int64, n int, pass func(share int64) error) (m Passage, err error) {
	idle, err := p.RSS()
	if err != nil {
		return m, err
	}
	begin, share, done := time.Now(), size/int64(n), make(chan error, n)
	for range n {
		go func() { done <- pass(share) }()
	}
	samples, err := sample(p, n, done)
	if err != nil {
		return m, err
	}
	taken := time.Since(begin)
	most, err := p.PeakRSS()
	return Passage{
		Idle: float64(idle) / mib, Median: SpreadOf(samples).Median, Most: float64(most) / mib,
		Rate: float64(share*int64(n)) / mib / taken.Seconds(),
	}, err
}

// sample looks at a process's memory, in MiB, until n have reported.
func sample(p child.PID, n int, done <-chan error) (samples []float64, err error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n > 0 {
		select {
		case err := <-done:
			if err != nil {
				return nil, err
			}
			n--
		case <-tick.C:
		}
		rss, err := p.RSS()
		if err != nil {
			return nil, err
		}
		samples = append(samples, float64(rss)/mib)
	}
	return samples, nil
}
