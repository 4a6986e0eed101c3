//go:build unix

package loop_test

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"eddy/loop"
)

// real is a running loop on the system's poller.
func real(t *testing.T) *loop.Loop {
	t.Helper()
	l, err := loop.New(loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error)
	go func() { ran <- l.Run() }()
	t.Cleanup(func() {
		l.Close()
		<-ran
	})
	return l
}

func kill(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(os.Getpid(), s); err != nil {
		t.Error(err)
	}
}

func TestOnSignal_WakesASleepingLoop(t *testing.T) {
	l := real(t)
	got := make(chan os.Signal)
	defer l.OnSignal(func(s os.Signal) { got <- s }, syscall.SIGUSR1, syscall.SIGUSR2)()
	for _, s := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGUSR1} {
		kill(t, s)
		if g := <-got; g != s {
			t.Errorf("told of %v, want %v", g, s)
		}
	}
}

func TestOnSignal_SeveralOfOneSignalAndStop(t *testing.T) {
	l := real(t)
	first, second := make(chan os.Signal, 9), make(chan os.Signal, 9)
	stopFirst := l.OnSignal(func(s os.Signal) { first <- s }, syscall.SIGUSR1)
	stopSecond := l.OnSignal(func(s os.Signal) { second <- s }, syscall.SIGUSR1)
	kill(t, syscall.SIGUSR1)
	<-first
	<-second
	stopFirst()
	stopFirst()
	kill(t, syscall.SIGUSR1)
	<-second
	if len(first) != 0 {
		t.Error("the registration that was stopped was told")
	}
	stopSecond()
}

func TestOnSignal_StopWithinTheCallback(t *testing.T) {
	l := real(t)
	told := make(chan struct{})
	var stop func()
	stop = l.OnSignal(func(os.Signal) {
		stop()
		close(told) // a second time would panic
	}, syscall.SIGUSR1)
	c := make(chan os.Signal, 9) // keeps the process alive
	signal.Notify(c, syscall.SIGUSR1)
	defer signal.Stop(c)
	kill(t, syscall.SIGUSR1)
	<-told
	<-c
	kill(t, syscall.SIGUSR1)
	<-c
	if err := l.Do(t.Context(), func(context.Context) error { return nil }); err != nil {
		t.Error(err)
	}
}

// A signal that is on its way to the callback when it is stopped does not reach it.
func TestOnSignal_StopOnTheLoopIsExact(t *testing.T) {
	l := real(t)
	c := make(chan os.Signal, 9) // keeps the process alive
	signal.Notify(c, syscall.SIGUSR1)
	defer signal.Stop(c)
	stop := l.OnSignal(func(os.Signal) { t.Error("told after stop") }, syscall.SIGUSR1)
	done := make(chan struct{})
	l.Post(func() {
		defer close(done)
		kill(t, syscall.SIGUSR1)
		for l.Stats().Posted == 0 {
			runtime.Gosched()
		}
		stop()
	})
	<-done
	l.Do(t.Context(), func(context.Context) error { return nil }) // a turn later
}

// A loop that does not run keeps the signal; Close frees everything (the package's test
// for leaks sees to it), also with a signal that nobody has been told of.
func TestOnSignal_LoopThatDoesNotRun(t *testing.T) {
	l, err := loop.New(loop.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan os.Signal, 9)
	l.OnSignal(func(s os.Signal) {
		told <- s
		l.Stop()
	}, syscall.SIGUSR1)
	c := make(chan os.Signal, 9)
	signal.Notify(c, syscall.SIGUSR1)
	defer signal.Stop(c)
	kill(t, syscall.SIGUSR1)
	<-c
	if err := l.Run(); err != nil || len(told) != 1 {
		t.Errorf("Run: %v, told %d times", err, len(told))
	}
	kill(t, syscall.SIGUSR1)
	<-c
	l.Close()
	if len(told) != 1 {
		t.Error("told after Close")
	}
	stop := l.OnSignal(func(os.Signal) { t.Error("told on a closed loop") }, syscall.SIGUSR1)
	kill(t, syscall.SIGUSR1)
	<-c
	stop()
}

func TestOnSignal_OfNoSignal(t *testing.T) {
	l := real(t)
	stop := l.OnSignal(func(os.Signal) { t.Error("told") })
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	defer signal.Stop(c)
	kill(t, syscall.SIGUSR1)
	<-c
	stop()
}

func TestOnSignal_StopsFromManyGoroutines(t *testing.T) {
	l := real(t)
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	defer signal.Stop(c)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				stop := l.OnSignal(func(os.Signal) {}, syscall.SIGUSR1)
				kill(t, syscall.SIGUSR1)
				wg.Go(stop)
				stop()
			}
		})
	}
	wg.Wait()
}

// pipe opens a pipe, both of its ends non-blocking, which the caller closes.
func pipe(t *testing.T) (fds [2]int) {
	t.Helper()
	if os.Getenv("EDDY_POLLER") == "net" {
		t.Skip("the poller on package net takes connections of that only")
	}
	if err := syscall.Pipe(fds[:]); err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if err := syscall.SetNonblock(fd, true); err != nil {
			t.Fatal(err)
		}
	}
	return fds
}

// pipeHandler reads a pipe to its end.
type pipeHandler struct {
	l    *loop.Loop
	fd   int
	id   loop.ID
	got  int
	err  error
	done chan struct{}
}

func (p *pipeHandler) HandleReady(loop.Ready) {
	n, err := p.l.Files().Read(p.fd, make([]byte, 512))
	p.got += max(n, 0)
	if n == 0 || err != nil && !errors.Is(err, syscall.EAGAIN) {
		p.err = err
		p.l.RemoveHandler(p.id)
		close(p.done)
	}
}
func (*pipeHandler) HandleDeadline()  {}
func (*pipeHandler) HandleLoopClose() {}

// Signals interrupt system calls. Nothing may fail or be lost because of that.
func TestLoop_ServesUnderAStormOfSignals(t *testing.T) {
	l := real(t)
	storm := 0
	defer l.OnSignal(func(os.Signal) { storm++ }, syscall.SIGUSR1)()
	fds := pipe(t)
	p := &pipeHandler{l: l, fd: fds[0], done: make(chan struct{})}
	const size, chunk = 1 << 20, 1 << 10
	err := l.Do(t.Context(), func(context.Context) (err error) {
		p.id, err = l.AddHandler(fds[0], p, loop.Read)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	quit := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-quit:
				return
			default:
				kill(t, syscall.SIGUSR1)
			}
		}
	})
	wg.Go(func() {
		defer syscall.Close(fds[1])
		for left := size; left > 0; {
			n, err := l.Files().Write(fds[1], make([]byte, min(left, chunk)))
			switch {
			case err == nil:
				left -= n
			case errors.Is(err, syscall.EAGAIN):
				runtime.Gosched() // the pipe is full
			default:
				t.Error(err)
				return
			}
		}
	})
	<-p.done
	close(quit)
	wg.Wait()
	l.Do(t.Context(), func(context.Context) error {
		if p.got != size || p.err != nil || storm == 0 {
			t.Errorf("read %d of %d bytes, error %v, %d signals", p.got, size, p.err, storm)
		}
		return nil
	})
	syscall.Close(fds[0])
}

// Writing to a pipe that nobody reads is an error like others, and no signal ends the
// process.
func TestLoop_BrokenPipeIsAnError(t *testing.T) {
	l := real(t)
	fds := pipe(t)
	syscall.Close(fds[0])
	err := l.Do(t.Context(), func(context.Context) error {
		_, err := l.Files().Write(fds[1], []byte("x"))
		return err
	})
	if !errors.Is(err, syscall.EPIPE) {
		t.Errorf("error %v, want EPIPE", err)
	}
	syscall.Close(fds[1])
	if !l.Post(func() {}) {
		t.Error("the loop is gone")
	}
}
