package loop

import "time"

// Stats is what a loop has done and holds at one moment. Counts and durations grow from
// the loop's making on; two snapshots give rates. As JSON its durations are nanoseconds.
//
// The loop publishes its numbers once a turn, before it waits: what the turn under way has
// done so far is not in them, except for its time.
type Stats struct {
	// Turns is how often the loop has gone round.
	Turns uint64 `json:"turns"`
	// Events is how many events of descriptors the poller has reported.
	Events uint64 `json:"events"`
	// Callbacks is how many posted callbacks and wake-ups of coroutines were taken up.
	Callbacks uint64 `json:"callbacks"`
	// TimersRun is how many timers have run.
	TimersRun uint64 `json:"timers_run"`
	// HandOffs is how often the loop was taken from a coroutine that blocked.
	HandOffs uint64 `json:"hand_offs"`
	// Apart is how often a job was moved to a goroutine of its own because its kind is
	// known to block ([Coroutine.Follow]).
	Apart uint64 `json:"apart"`

	// Posted is how many callbacks and wake-ups wait for a turn.
	Posted int `json:"posted"`
	// Descriptors is how many descriptors are watched.
	Descriptors int `json:"descriptors"`
	// Timers is how many timers are set.
	Timers int `json:"timers"`
	// Coroutines is how many coroutines have a job: running, parked or about to run.
	Coroutines int `json:"coroutines"`
	// IdleCoroutines is how many wait in the pool for a job.
	IdleCoroutines int `json:"idle_coroutines"`
	// Away is how many coroutines run beside the loop: handed off, or apart.
	Away int64 `json:"away"`
	// IdleBuffers is how many buffers wait in the pool.
	IdleBuffers int `json:"idle_buffers"`
	// Load is what [Loop.Load] returns.
	Load int64 `json:"load"`

	// Busy is how long the loop has worked, the present turn included, and a look at
	// the descriptors if it does not wait for them.
	Busy time.Duration `json:"busy_ns"`
	// Waiting is how long it has waited for something to do.
	Waiting time.Duration `json:"waiting_ns"`
	// Turn is how long the present turn has taken so far, or the last one if the loop
	// waits. Whatever becomes ready meanwhile waits for the rest of it.
	Turn time.Duration `json:"turn_ns"`
	// MaxTurn is the longest turn so far.
	MaxTurn time.Duration `json:"max_turn_ns"`
	// Lag is how late the loop was when it last ran timers: the time from when the first
	// of them was due until it ran. Timers set for a time in the past do not count.
	Lag time.Duration `json:"lag_ns"`
	// MaxLag is the greatest lag so far.
	MaxLag time.Duration `json:"max_lag_ns"`
}

// BusyRatio returns the share of the time since an earlier snapshot that the loop was busy,
// from 0 to 1. With Stats{} it is that of the loop's whole life. The time in which
// it did not run is left out.
func (s Stats) BusyRatio(since Stats) float64 {
	busy, waiting := s.Busy-since.Busy, s.Waiting-since.Waiting
	if busy <= 0 || busy+waiting <= 0 {
		return 0
	}
	return float64(busy) / float64(busy+waiting)
}

// add makes s the sum of two loops' numbers; of the durations of one moment, the longest.
func (s *Stats) add(o *Stats) {
	s.Turns += o.Turns
	s.Events += o.Events
	s.Callbacks += o.Callbacks
	s.TimersRun += o.TimersRun
	s.HandOffs += o.HandOffs
	s.Apart += o.Apart
	s.Posted += o.Posted
	s.Descriptors += o.Descriptors
	s.Timers += o.Timers
	s.Coroutines += o.Coroutines
	s.IdleCoroutines += o.IdleCoroutines
	s.Away += o.Away
	s.IdleBuffers += o.IdleBuffers
	s.Load += o.Load
	s.Busy += o.Busy
	s.Waiting += o.Waiting
	s.Turn = max(s.Turn, o.Turn)
	s.MaxTurn = max(s.MaxTurn, o.MaxTurn)
	s.Lag = max(s.Lag, o.Lag)
	s.MaxLag = max(s.MaxLag, o.MaxLag)
}

// GroupStats is what the loops of a group have done and hold.
type GroupStats struct {
	// Total is the sum over the loops; of Turn, MaxTurn, Lag and MaxLag the longest.
	Total Stats `json:"total"`
	// Loops has each loop's own, in the order of [Group.Loops].
	Loops []Stats `json:"loops"`
}

// Stats returns the numbers of the loops and their sum. Any goroutine.
func (g *Group) Stats() GroupStats {
	var all GroupStats
	for _, l := range g.loops {
		s := l.Stats()
		all.Loops = append(all.Loops, s)
		all.Total.add(&s)
	}
	return all
}

// Stats returns the loop's numbers. It costs the loop nothing but a moment of a mutex.
// Any goroutine.
func (l *Loop) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.meter // the loop goes on with its own
	m.account(l.clock())
	s := m.stats
	s.Turns = l.turns
	s.Posted += len(l.posted) + len(l.woken)
	s.HandOffs = l.handOffs.Load()
	s.Away = l.away.Load()
	s.Load = l.load.Load()
	return s
}

// counts are the numbers that change within a turn; they belong to the runner.
type counts struct {
	events, callbacks, timers, apart uint64
	lag, maxLag                      time.Duration
}

// meter holds what was published, and what the loop does since when. It is under the
// loop's mu.
type meter struct {
	stats Stats
	doing activity
	since time.Duration // on the loop's clock
}

type activity uint8

const (
	resting activity = iota // not running
	waiting
	working
)

// begin says what the loop does from now on.
func (m *meter) begin(doing activity, now time.Duration) {
	m.account(now)
	m.doing = doing
}

// account adds the time up to now to what the loop does.
func (m *meter) account(now time.Duration) {
	d := max(now-m.since, 0)
	switch m.doing {
	case waiting:
		m.stats.Waiting += d
	case working:
		m.stats.Busy += d
		m.stats.Turn = d
		m.stats.MaxTurn = max(m.stats.MaxTurn, d)
	}
	m.since = now
}

// publish is called by the runner, with mu held.
func (l *Loop) publish() {
	s := &l.meter.stats
	s.Events, s.Callbacks, s.TimersRun = l.counts.events, l.counts.callbacks, l.counts.timers
	s.Apart = l.counts.apart
	s.Lag, s.MaxLag = l.counts.lag, l.counts.maxLag
	s.Posted = len(l.batch) - l.batchAt // those that are not the runner's yet come on top
	s.Descriptors = l.slots.used
	s.Timers = len(l.timers)
	s.Coroutines = l.busy
	s.IdleCoroutines = len(l.idle)
	s.IdleBuffers = len(l.buffers)
}
