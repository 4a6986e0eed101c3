package loop

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"eddy/internal/poll"
)

var (
	// ErrClosed is returned by waits on a loop that is being closed, and by calls on a
	// loop that has been closed. To who waits it is a cancellation: it is context.Canceled,
	// too (errors.Is).
	ErrClosed error = closedError{}
	// ErrRunning is returned by Run when the loop is running already.
	ErrRunning = errors.New("loop: already running")
)

type closedError struct{}

func (closedError) Error() string        { return "loop: closed" }
func (closedError) Is(target error) bool { return target == context.Canceled }

// Options configures a [Loop]. The zero value is good.
type Options struct {
	// Logger receives panics of callbacks and coroutines. Default: slog.Default().
	Logger *slog.Logger
	// Poller waits for descriptors. Default: the one that the environment variable
	// EDDY_POLLER names, or else the best one of the system (docs/pollers.md).
	Poller poll.Poller

	// HandOffAfter is how long a coroutine may run without parking before its loop goes
	// on without it. It is found between this time and twice as long, or, when all
	// processors are taken, as soon as the monitor gets one: tens of milliseconds. Default: 1 millisecond.
	// Negative: never, so that a coroutine that blocks stops its loop.
	HandOffAfter time.Duration

	// BlockingLogThreshold is how long a loop may be in one turn, in callbacks and other code
	// that cannot lose it, before the log tells where. Default: 100 milliseconds. Negative: no log.
	BlockingLogThreshold time.Duration

	// HeapReserve is a number of bytes that the garbage collector takes for live data while a [Group] is open, the
	// program has little of its own (8 MiB), and collections follow one another quickly: then they become rarer. Nothing
	// touches the reserve, so it takes no memory, but about so much more garbage waits to be collected, and with
	// a program that comes to rest for up to two minutes. There is none where GOGC or GOMEMLIMIT have been changed,
	// and one for the process: the largest that a Group asks for, 256 MiB at most. Default: 16 MiB. Negative:
	// this Group asks for none.
	HeapReserve int64

	monitor *monitor // of a Group
}

// The defaults of [Options].
const (
	DefaultHandOffAfter         = time.Millisecond
	DefaultBlockingLogThreshold = 100 * time.Millisecond
	DefaultHeapReserve          = 16 << 20
)

func (o *Options) fill() {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.HandOffAfter == 0 {
		o.HandOffAfter = DefaultHandOffAfter
	}
	if o.BlockingLogThreshold == 0 {
		o.BlockingLogThreshold = DefaultBlockingLogThreshold
	}
	if o.HeapReserve == 0 {
		o.HeapReserve = DefaultHeapReserve
	}
	if o.monitor == nil {
		o.monitor = newMonitor(o)
	}
}

// Task is something to run on a loop.
type Task interface{ RunTask() }

type callback func()

func (f callback) RunTask() { f() }

// Loop is an event loop. Create it with [New], run it with [Loop.Run].
type Loop struct {
	poller poll.Poller
	files  poll.Files
	log    *slog.Logger

	mu       sync.Mutex
	posted   []Task
	woken    []*Coroutine  // that have parked before
	sleeping bool          // the next Post must wake the poller
	stop     bool          // Run shall return
	running  chan struct{} // nil unless Run is under way; closed when it ends
	dead     bool          // no turns are left; written by the runner, who reads it without mu
	closing  atomic.Bool   // no more posts are taken, waits fail; set under mu
	load     atomic.Int64

	turns   uint64                    // begun so far; under mu
	meter   meter                     // under mu
	signals map[*signalWatch]struct{} // under mu

	runner   atomic.Pointer[runner]
	monitor  *monitor
	handOffs atomic.Uint64
	away     atomic.Int64 // coroutines that are adrift

	// The rest belongs to the runner. A batch under way is kept here and not on the
	// runner's stack, so that another runner can take over in the middle of it.
	now      time.Time
	age      time.Duration // now on the loop's clock
	tick     uint32        // now in ticks of the wheel
	start    time.Time
	events   [maxEvents]poll.Event
	eventAt  int
	eventN   int
	serving  ID     // whose handler runs, or ended without returning
	batch    []Task // taken from posted
	batchAt  int
	ready    []ready // to be resumed now
	readyAt  int
	share    int // of the turn: how many more are resumed before others have theirs
	due      []*Timer
	dueAt    int
	dirty    []Flusher
	slots    slots
	wheel    wheel
	timers   timerHeap
	timerSeq uint64
	counts   counts

	last      sync.Mutex // once dead, its holder has what was the runner's
	abandoned bool       // no coroutine is left that is not adrift

	exited *Coroutine // ended by runtime.Goexit, not settled yet
	live   []*Coroutine
	idle   []*Coroutine
	busy   int // coroutines with a job

	buffers       []*Buffer
	scratch       Buffer
	workspace     []byte
	workspaceLent bool
}

// maxEvents bounds the descriptors served in one turn. What they write leaves at its end,
// so more of them would mean more buffers in use at once and responses that have
// left the processor's cache: with 512 busy connections 256 costs a fifth of the throughput
// of 64 (docs/performance.md).
const maxEvents = 64

// New returns a loop that is not running yet.
func New(o Options) (*Loop, error) {
	o.fill()
	if o.Poller == nil {
		p, err := poll.New()
		if err != nil {
			return nil, fmt.Errorf("loop: %w", err)
		}
		o.Poller = p
	}
	l := &Loop{poller: o.Poller, files: o.Poller.Files(), log: o.Logger, monitor: o.monitor}
	l.start = time.Now()
	l.now = l.start
	return l, nil
}

// Run runs the loop until Stop or Close is called. It may be run again after Stop.
// The loop's work happens in goroutines of its own; Run waits for them.
// Any goroutine but the loop's own may call it.
func (l *Loop) Run() error {
	run, err := l.begin()
	if err != nil {
		return err
	}
	l.finish(run)
	return nil
}

// begin makes the loop a running one. Its caller calls finish.
func (l *Loop) begin() (run chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closing.Load():
		return nil, ErrClosed
	case l.running != nil:
		return nil, ErrRunning
	}
	run = make(chan struct{})
	l.running = run
	l.setNow(time.Now()) // it may have stood still for long
	l.meter.begin(working, l.age)
	return run, nil
}

// finish runs the loop until it is stopped.
func (l *Loop) finish(run chan struct{}) {
	l.drive((*Loop).turn, l.stopped)
	close(run)
}

// stopped reports whether Stop was called, and forgets it.
func (l *Loop) stopped() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.stop {
		return false
	}
	l.stop, l.running = false, nil
	l.meter.begin(resting, l.clock())
	return true
}

// Stop makes Run return after the current turn; called before Run, it makes the next Run
// return at once. Any goroutine.
func (l *Loop) Stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stop = true
	l.wake()
}

// wake makes the poller return. Its caller holds mu, so that the poller is not closed
// meanwhile and its descriptor is not somebody else's.
func (l *Loop) wake() {
	if !l.dead {
		l.poller.Wake()
	}
}

// Logger returns the logger of [Options].
func (l *Loop) Logger() *slog.Logger { return l.log }

// Files does I/O on the descriptors that this loop can watch.
func (l *Loop) Files() poll.Files { return l.files }

// Now returns when the current turn began: cheaper than time.Now, and precise enough for
// logs and deadlines. While the loop does not run, it is when the last turn began. It has a
// monotonic reading, so that differences between its results do not depend on what is
// done to the wall clock.
func (l *Loop) Now() time.Time { return l.now }

// Running reports whether Run or RunSync is under way. Any goroutine.
func (l *Loop) Running() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.running != nil
}

// Closed reports whether Close has been called. Any goroutine.
func (l *Loop) Closed() bool { return l.closing.Load() }

// Load returns the number of connections that were assigned to the loop. Any goroutine.
func (l *Loop) Load() int64 { return l.load.Load() }

// AddLoad changes what Load returns: by 1 when a connection is assigned to the loop, by -1
// when it has been closed. Any goroutine.
func (l *Loop) AddLoad(delta int64) { l.load.Add(delta) }
