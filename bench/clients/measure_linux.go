package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"eddy/bench/child"
)

// result is one measurement of one client.
type result struct {
	Rate float64 // fetches a second
	Cost float64 // CPU time for each in µs
	P99  float64 // ms
	Peak float64 // the most memory of the process in MiB
}

var errAnswer = errors.New("not what the server says")

// fetchMany is what a client's process does.
func (o options) fetchMany(name, url string) (result, error) {
	if o.inflight > 0 {
		return o.fetchOnce(name, url+"/slow")
	}
	return o.fetchOn(contestants[name], url+"/fast")
}

// fetchOn fetches again and again, and measures after it has become warm.
func (o options) fetchOn(c contestant, url string) (result, error) {
	get, spread := c(o.conc)
	var measuring atomic.Bool
	var mu sync.Mutex
	var times []time.Duration
	failed := make(chan error, o.conc)
	var n atomic.Int64
	spread(func(ctx context.Context) {
		own := make([]time.Duration, 0, 1<<6)
		for {
			began := time.Now()
			if size, err := get(ctx, url); err != nil || size != len(hello) {
				failed <- errors.Join(err, errAnswer)
				return
			}
			n.Add(1)
			if !measuring.Load() {
				continue
			}
			if own = append(own, time.Since(began)); len(own) == cap(own) {
				mu.Lock()
				times = append(times, own...)
				mu.Unlock()
				own = own[:0]
			}
		}
	})
	time.Sleep(o.period / 4)
	measuring.Store(true)
	begin, before, cpu := time.Now(), n.Load(), used()
	select {
	case err := <-failed:
		return result{}, err
	case <-time.After(o.period):
	}
	taken, done, cost := time.Since(begin), float64(n.Load()-before), used()-cpu
	measuring.Store(false)
	if done == 0 {
		return result{}, errAnswer
	}
	peak, err := peak()
	if err != nil {
		return result{}, err
	}
	mu.Lock()
	defer mu.Unlock()
	r := result{Rate: done / taken.Seconds(), Cost: float64(cost.Nanoseconds()) / 1000 / done, Peak: peak}
	if len(times) > 0 {
		slices.Sort(times)
		r.P99 = times[len(times)*99/100].Seconds() * 1000
	}
	return r, nil
}

// fetchOnce has many fetches under way at once, each a single one.
func (o options) fetchOnce(name, url string) (result, error) {
	results := make(chan error, o.inflight)
	began, cpu := time.Now(), used()
	begin(name, contestants[name], o.inflight, url, results)
	for range o.inflight {
		if err := <-results; err != nil {
			return result{}, err
		}
	}
	taken, cost, n := time.Since(began), used()-cpu, float64(o.inflight)
	peak, err := peak()
	return result{Rate: n / taken.Seconds(), Cost: float64(cost.Nanoseconds()) / 1000 / n, P99: taken.Seconds() * 1000, Peak: peak}, err
}

// used returns the CPU time of the process.
func used() time.Duration {
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// peak returns the most memory that the process has had, in MiB.
func peak() (float64, error) {
	bytes, err := child.PID(os.Getpid()).PeakRSS()
	return float64(bytes) / (1 << 20), err
}
