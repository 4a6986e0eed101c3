//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package poll_test

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"eddy/internal/poll"
)

// scripted is a queue that reports what the test says, and notes each call.
type scripted struct {
	calls   []string
	next    []poll.QueueEvent
	err     error // of the next Wait
	refuse  string
	timeout time.Duration
}

func (q *scripted) Set(fd int, f poll.Filter, tr poll.Trigger) error {
	call := fmt.Sprintf("%s %s", []string{"read", "write", "wake"}[f], []string{"off", "edge", "level"}[tr])
	q.calls = append(q.calls, call)
	if call == q.refuse {
		return syscall.ENOMEM
	}
	return nil
}

func (q *scripted) Wait(events []poll.QueueEvent, timeout time.Duration) (int, error) {
	q.timeout = timeout
	n := copy(events, q.next)
	q.next = q.next[n:]
	return n, q.err
}

func (q *scripted) Trigger() error {
	q.calls = append(q.calls, "trigger")
	return nil
}

func (q *scripted) Close() error {
	q.calls = append(q.calls, "close")
	return nil
}

// take returns the calls since the last take.
func (q *scripted) take() string {
	s := strings.Join(q.calls, ", ")
	q.calls = nil
	return s
}

func openScripted(t *testing.T) (*scripted, poll.Poller) {
	t.Helper()
	q := &scripted{}
	p, err := poll.NewQueuePoller(q)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	q.take()
	return q, p
}

const (
	r, w, h = poll.Read, poll.Write, poll.Hangup
	failed  = poll.Error | r | w
)

// One filter is always on, so that errors come unasked; bytes that nobody wants must not
// come again and again.
func TestKqueue_FiltersFollowTheMode(t *testing.T) {
	q, p := openScripted(t)
	for i, step := range []struct {
		mode poll.Mode
		want string
	}{
		{r | h, "read level"},
		{r | w | h, "write level"},
		{r | h, "write off"},
		{h, "read off, read edge"},
		{0, ""},
		{w, "write level, read off"},
		{w | h, "read edge"},
		{r, "write off, read off, read level"},
	} {
		var err error
		if i == 0 {
			err = p.Add(5, 1, step.mode)
		} else {
			err = p.Modify(5, 1, step.mode)
		}
		if got := q.take(); err != nil || got != step.want {
			t.Errorf("step %d, mode %04b: %q, %v, want %q", i, step.mode, got, err, step.want)
		}
	}
	if err := p.Remove(5); err != nil || q.take() != "read off" {
		t.Errorf("Remove: %v", err)
	}
}

func TestKqueue_WhatEventsMean(t *testing.T) {
	const readF, writeF = poll.ReadFilter, poll.WriteFilter
	type event = poll.QueueEvent
	for _, c := range []struct {
		name   string
		mode   poll.Mode
		events []event
		want   []poll.Mode
	}{
		{"bytes", r | h, []event{{Filter: readF}}, []poll.Mode{r}},
		{"bytes that nobody waits for", h, []event{{Filter: readF}}, nil},
		{"room", w, []event{{Filter: writeF}}, []poll.Mode{w}},
		{"both filters are one event", r | w, []event{{Filter: readF}, {Filter: writeF}}, []poll.Mode{r | w}},
		{"the end of input is a hangup, bytes may be left", r | h, []event{{Filter: readF, EOF: true}}, []poll.Mode{r | h}},
		{"a hangup that is not waited for", r, []event{{Filter: readF, EOF: true}}, []poll.Mode{r}},
		{"a hangup while nobody reads", h, []event{{Filter: readF, EOF: true}}, []poll.Mode{h}},
		{"a refused connection: the end of output is an error", w, []event{{Filter: writeF, EOF: true}}, []poll.Mode{failed}},
		{"a reset", r | h, []event{{Filter: readF, EOF: true, Failed: true}}, []poll.Mode{failed | h}},
		{"a reset comes unasked", 0, []event{{Filter: readF, EOF: true, Failed: true}}, []poll.Mode{failed}},
		{"an event of nobody", r, []event{{Filter: readF, FD: 3}, {Filter: readF, FD: 4000}, {Filter: poll.WakeFilter}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, p := openScripted(t)
			if err := p.Add(5, 7, c.mode); err != nil {
				t.Fatal(err)
			}
			for _, e := range c.events {
				if e.FD == 0 {
					e.FD = 5
				}
				q.next = append(q.next, e)
			}
			events := make([]poll.Event, 8)
			n, err := p.Wait(events, poll.DontWait)
			var got []poll.Mode
			for _, ev := range events[:n] {
				got = append(got, ev.Ready)
				if ev.Token != 7 {
					t.Errorf("token %d", ev.Token)
				}
			}
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("got %04b, %v, want %04b", got, err, c.want)
			}
		})
	}
}

// What holds for ever is asked for by levels once it is known, so that it is reported
// until it is dealt with.
func TestKqueue_WhatHoldsForEverIsReportedAgain(t *testing.T) {
	q, p := openScripted(t)
	p.Add(5, 1, h)
	q.take()
	events := make([]poll.Event, 8)
	q.next = []poll.QueueEvent{{FD: 5, EOF: true}}
	p.Wait(events, poll.DontWait)
	if got := q.take(); got != "read off, read level" {
		t.Errorf("after a hangup: %q", got)
	}
	p.Modify(5, 1, 0)
	if got := q.take(); got != "read off, read edge" {
		t.Errorf("when it is not waited for any more: %q", got)
	}
	q.next = []poll.QueueEvent{{FD: 5, EOF: true, Failed: true}}
	p.Wait(events, poll.DontWait)
	if got := q.take(); got != "read off, read level" {
		t.Errorf("after a failure: %q", got)
	}
}

// A batch of one event leaves the other filter's event for the next.
func TestKqueue_FiltersInTwoBatches(t *testing.T) {
	q, p := openScripted(t)
	p.Add(5, 1, r|w)
	q.next = []poll.QueueEvent{{FD: 5}, {FD: 5, Filter: poll.WriteFilter}}
	events := make([]poll.Event, 1)
	for _, want := range []poll.Mode{r, w} {
		if n, err := p.Wait(events, poll.DontWait); n != 1 || err != nil || events[0].Ready != want {
			t.Errorf("got %v, %v, want %04b", events[:n], err, want)
		}
	}
}

func TestKqueue_RefusedFilters(t *testing.T) {
	q, p := openScripted(t)
	q.refuse = "read level"
	if err := p.Add(5, 1, r|w); err != syscall.ENOMEM {
		t.Errorf("Add: %v", err)
	}
	if got := q.take(); got != "write level, read level, write off" {
		t.Errorf("a failed Add left something: %q", got)
	}
	q.refuse = ""
	if err := p.Add(5, 1, r|w); err != nil {
		t.Errorf("Add again: %v", err)
	}
}

func TestKqueue_WaitsAsLongAsItShould(t *testing.T) {
	q, p := openScripted(t)
	events := make([]poll.Event, 8)
	for _, c := range []struct {
		until    time.Time
		min, max time.Duration
	}{
		{time.Time{}, -1, -1},
		{poll.DontWait, 0, 0},
		{time.Now().Add(-time.Hour), 0, 0},
		{time.Now().Add(time.Minute), 30 * time.Second, time.Minute},
		{time.Now().AddDate(200, 0, 0), time.Hour, 24 * time.Hour},
	} {
		if _, err := p.Wait(events, c.until); err != nil || q.timeout < c.min || q.timeout > c.max {
			t.Errorf("until %v: %v, %v", c.until, q.timeout, err)
		}
	}
	q.err = syscall.EINTR
	if n, err := p.Wait(events, time.Time{}); n != 0 || err != nil {
		t.Errorf("interrupted: %d, %v", n, err)
	}
	q.err = syscall.EBADF
	if _, err := p.Wait(events, time.Time{}); err == nil {
		t.Error("a failed wait is no error")
	}
}

func TestKqueue_WakeWithoutAFilter(t *testing.T) {
	q := &scripted{refuse: "wake edge"}
	p, err := poll.NewQueuePoller(q)
	if err != nil {
		t.Fatal(err)
	}
	if got := q.take(); got != "wake edge, read level" {
		t.Errorf("%q, want a pipe instead of the filter", got)
	}
	if err := p.Wake(); err != nil || q.take() != "" {
		t.Errorf("Wake: %v", err)
	}
	p.Close()
	if q.take() != "close" {
		t.Error("the queue is open")
	}
	if p.Close(); q.take() != "" {
		t.Error("the queue was closed twice")
	}
	both := &refusing{}
	if _, err := poll.NewQueuePoller(both); err == nil || both.take() != "close" {
		t.Errorf("a queue that can nothing: %v", err)
	}
}

// refusing is a queue that refuses every change.
type refusing struct{ scripted }

func (q *refusing) Set(int, poll.Filter, poll.Trigger) error { return syscall.ENOMEM }
