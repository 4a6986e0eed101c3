package loop

import (
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
	// loop that has been closed.
	ErrClosed = errors.New("loop: closed")
	// ErrRunning is returned by Run when the loop is running already.
	ErrRunning = errors.New("loop: already running")
)

// Options configures a [Loop]. The zero value is good.
type Options struct {
	// Logger receives panics of callbacks and coroutines. Default: slog.Default().
	Logger *slog.Logger
	// Poller waits for descriptors. Default: the one that the environment variable
	// EDDY_POLLER names, or else the best one of the system (docs/pollers.md).
	Poller poll.Poller
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
	sleeping bool          // the next Post must wake the poller
	stop     bool          // Run shall return
	running  chan struct{} // nil unless Run is under way; closed when it ends
	dead     bool          // the poller is closed
	closing  atomic.Bool   // no more posts are taken, waits fail; set under mu
	load     atomic.Int64

	runner        atomic.Pointer[runner]
	handOffs      atomic.Uint64
	monitorAsleep atomic.Bool
	monitorWake   chan struct{}

	// The rest belongs to the runner. A batch under way is kept here and not on the
	// runner's stack, so that another runner can take over in the middle of it.
	now      time.Time
	tick     uint32 // now in ticks of the wheel
	start    time.Time
	events   [maxEvents]poll.Event
	eventAt  int
	eventN   int
	batch    []Task // posted before this turn began
	batchAt  int
	ready    []*Coroutine // to be resumed now
	readyAt  int
	due      []*Timer
	dueAt    int
	dirty    []Flusher
	slots    slots
	wheel    wheel
	timers   timerHeap
	timerSeq uint64

	exited *Coroutine // ended by runtime.Goexit, not settled yet
	live   []*Coroutine
	idle   []*Coroutine
	busy   int // coroutines with a job

	buffers []*Buffer
	scratch Buffer
}

// maxEvents bounds the descriptors served in one turn. What they write leaves at its end,
// so more of them would mean more buffers in use at once and responses that have
// left the processor's cache: with 512 busy connections 256 costs a fifth of the throughput
// of 64 (docs/performance.md).
const maxEvents = 64

// New returns a loop that is not running yet.
func New(o Options) (*Loop, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Poller == nil {
		p, err := poll.New()
		if err != nil {
			return nil, fmt.Errorf("loop: %w", err)
		}
		o.Poller = p
	}
	l := &Loop{poller: o.Poller, files: o.Poller.Files(), log: o.Logger, monitorWake: make(chan struct{}, 1)}
	l.start = time.Now()
	l.now = l.start
	return l, nil
}

// Run runs the loop until Stop or Close is called. It may be run again after Stop.
// The loop's work happens in goroutines of its own; Run waits for them.
// Any goroutine but the loop's own may call it.
func (l *Loop) Run() error {
	l.mu.Lock()
	switch {
	case l.closing.Load():
		l.mu.Unlock()
		return ErrClosed
	case l.running != nil:
		l.mu.Unlock()
		return ErrRunning
	}
	ended := make(chan struct{})
	l.running = ended
	l.mu.Unlock()

	l.drive((*Loop).turn, l.stopped)
	close(ended)
	return nil
}

// stopped reports whether Stop was called, and forgets it.
func (l *Loop) stopped() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.stop {
		return false
	}
	l.stop, l.running = false, nil
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
// logs and deadlines.
func (l *Loop) Now() time.Time { return l.now }

// Load returns the number of connections that were assigned to the loop. Any goroutine.
func (l *Loop) Load() int64 { return l.load.Load() }

// AddLoad changes what Load returns: by 1 when a connection is assigned to the loop, by -1
// when it has been closed. Any goroutine.
func (l *Loop) AddLoad(delta int64) { l.load.Add(delta) }
