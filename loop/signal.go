package loop

import (
	"os"
	"os/signal"
	"sync"
)

// signalBacklog is how many signals of one registration wait while the loop is busy. As
// with signal.Notify, what comes on top is lost: more of the same would say nothing new.
const signalBacklog = 16

// OnSignal calls f on the loop for every signal of the given kinds that the process
// receives, until stop is called or the loop is closed. It wakes a loop that sleeps; one
// that is not running calls f when it runs again. Several registrations of one signal are
// all called, in no certain order. As with [signal.Notify] the signal's default action
// does not take place meanwhile. Without signals, f is never called. Any goroutine.
//
// stop may be called from any goroutine, more than once. Called on the loop it keeps f
// from running again; from elsewhere, f may just be running.
func (l *Loop) OnSignal(f func(os.Signal), signals ...os.Signal) (stop func()) {
	if len(signals) == 0 {
		return func() {} // Notify would take it for all signals there are
	}
	w := &signalWatch{
		loop:  l,
		f:     f,
		c:     make(chan os.Signal, signalBacklog),
		quit:  make(chan struct{}),
		ended: make(chan struct{}),
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closing.Load() {
		return func() {}
	}
	if l.signals == nil {
		l.signals = make(map[*signalWatch]struct{})
	}
	l.signals[w] = struct{}{}
	signal.Notify(w.c, signals...)
	go w.relay()
	return w.stop
}

// signalWatch is one registration. Its goroutine posts one signal at a time, so that a
// storm of them does not fill the loop's queue.
type signalWatch struct {
	loop  *Loop
	f     func(os.Signal)
	c     chan os.Signal
	once  sync.Once
	quit  chan struct{}
	ended chan struct{} // the goroutine is gone
}

func (w *signalWatch) relay() {
	defer close(w.ended)
	for {
		select {
		case s := <-w.c:
			if !w.deliver(s) {
				return
			}
		case <-w.quit:
			return
		}
	}
}

// deliver runs f on the loop and waits for it.
func (w *signalWatch) deliver(s os.Signal) bool {
	ran := make(chan struct{})
	taken := w.loop.Post(func() {
		defer close(ran)
		select {
		case <-w.quit:
		default:
			w.f(s)
		}
	})
	if !taken {
		return false
	}
	select {
	case <-ran:
		return true
	case <-w.quit:
		return false
	}
}

func (w *signalWatch) stop() {
	w.loop.mu.Lock()
	delete(w.loop.signals, w)
	w.loop.mu.Unlock()
	w.end()
}

// end ends the registration and waits for its goroutine, which waits for nobody then.
func (w *signalWatch) end() {
	w.once.Do(func() {
		signal.Stop(w.c)
		close(w.quit)
	})
	<-w.ended
}
