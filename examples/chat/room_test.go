package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// say posts n messages and fails the test if one is refused.
func say(t *testing.T, r *room, n int) {
	t.Helper()
	for i := range n {
		if _, err := r.post("Ada", fmt.Sprint("message ", i), noon); err != nil {
			t.Error(err)
		}
	}
}

func ids(ms []Message) string {
	if len(ms) == 0 {
		return "none"
	}
	for i, m := range ms {
		if m.ID != ms[0].ID+int64(i) {
			return fmt.Sprint("out of order: ", ms)
		}
	}
	return fmt.Sprint(ms[0].ID, "-", ms[len(ms)-1].ID)
}

func TestRoom_Post(t *testing.T) {
	for _, tc := range []struct {
		what, name, text   string
		wantName, wantText string // wantName "" for a refusal
	}{
		{"plain", "Ada", "hello", "Ada", "hello"},
		{"white space around is cut", "  Ada \n Lovelace ", "\n two\n lines \n", "Ada Lovelace", "two\n lines"},
		{"a guest", "", "hello", "Guest", "hello"},
		{"empty", "Ada", " \n\t ", "", ""},
		{"the longest name, in characters", strings.Repeat("ö", 40), "x", strings.Repeat("ö", 40), "x"},
		{"a longer name", strings.Repeat("ö", 41), "x", "", ""},
		{"the longest text", "Ada", strings.Repeat("ö", 2000), "Ada", strings.Repeat("ö", 2000)},
		{"a longer text", "Ada", strings.Repeat("ö", 2001), "", ""},
	} {
		t.Run(tc.what, func(t *testing.T) {
			r := newRoom()
			m, err := r.post(tc.name, tc.text, noon)
			if tc.wantName == "" {
				if u, _ := r.since(cursor{}); err == nil || len(u.Messages) > 0 {
					t.Errorf("accepted as %+v, %v", m, err)
				}
				return
			}
			if want := (Message{1, tc.wantName, tc.wantText, noon}); m != want || err != nil {
				t.Errorf("got %+v, %v; want %+v", m, err, want)
			}
		})
	}
}

func TestRoom_Since(t *testing.T) {
	for _, tc := range []struct {
		what   string
		posted int
		cursor cursor
		want   string
		gap    bool
		news   bool
	}{
		{"an empty room", 0, cursor{present: -1}, "none", false, false},
		{"from the beginning", 3, cursor{present: -1}, "1-3", false, true},
		{"the rest", 3, cursor{after: 2, present: -1}, "3-3", false, true},
		{"up to date", 3, cursor{after: 3, present: -1}, "none", false, false},
		{"a full buffer", 200, cursor{present: -1}, "1-200", false, true},
		{"one was forgotten", 201, cursor{present: -1}, "2-201", true, true},
		{"the last forgotten one was seen", 201, cursor{after: 1, present: -1}, "2-201", false, true},
		{"many were forgotten", 999, cursor{after: 500, present: -1}, "800-999", true, true},
		{"up to date after many", 999, cursor{after: 999, present: -1}, "none", false, false},
		{"beyond the end: the server was restarted", 3, cursor{after: 4, present: -1}, "1-3", false, true},
		{"beyond the end of an empty room", 0, cursor{after: 4, present: -1}, "none", false, true},
		{"another epoch", 3, cursor{epoch: "old", after: 3, present: -1}, "1-3", false, true},
		{"another epoch, an empty room", 0, cursor{epoch: "old", present: -1}, "none", false, true},
		{"nobody is there, as it knows", 0, cursor{present: 0}, "none", false, false},
		{"it thinks that one is there", 0, cursor{present: 1}, "none", false, true},
	} {
		t.Run(tc.what, func(t *testing.T) {
			r := newRoom()
			say(t, r, tc.posted)
			if tc.cursor.epoch == "" && tc.cursor.after <= int64(tc.posted) {
				tc.cursor.epoch = r.epoch
			}
			u, news := r.since(tc.cursor)
			if got := ids(u.Messages); got != tc.want || u.Gap != tc.gap || news != tc.news {
				t.Errorf("messages %s, gap %v, news %v; want %s, %v, %v", got, u.Gap, news, tc.want, tc.gap, tc.news)
			}
			if u.Last != int64(tc.posted) || u.Epoch != r.epoch || u.Messages == nil {
				t.Errorf("update %+v", u)
			}
		})
	}
}

// TestRoom_AnswersStay posts beyond the buffer's storage after an answer was given away, and
// writes behind that answer.
func TestRoom_AnswersStay(t *testing.T) {
	r := newRoom()
	say(t, r, 150)
	u, _ := r.since(cursor{})
	say(t, r, 1)
	_ = append(u.Messages, Message{})
	if u, _ := r.since(cursor{after: 150}); ids(u.Messages) != "151-151" {
		t.Errorf("message 151 became %+v", u.Messages)
	}
	say(t, r, 3*bufferSize)
	if got := ids(u.Messages); got != "1-150" {
		t.Errorf("the answer changed to %s", got)
	}
}

func TestRoom_Presence(t *testing.T) {
	second := func(n float64) time.Time { return noon.Add(time.Duration(n * float64(time.Second))) }
	type step struct {
		at    float64 // seconds
		what  string  // "+ann" enters, "-ann" leaves, "" sweeps
		sweep float64 // when a leave or a sweep wants the next sweep, in seconds from then
		count int
	}
	for name, steps := range map[string][]step{
		"one comes and goes": {
			{0, "+ann", 0, 1}, {1, "-ann", 3, 1}, {4, "", 0, 0},
		},
		"the gap between polls is no leaving": {
			{0, "+ann", 0, 1}, {1, "-ann", 3, 1}, {2, "+ann", 0, 1}, {4, "", 0, 1}, {9, "-ann", 3, 1}, {12, "", 0, 0},
		},
		"two polls of one client": {
			{0, "+ann", 0, 1}, {0, "+ann", 0, 1}, {1, "-ann", 3, 1}, {4, "", 0, 1}, {5, "-ann", 3, 1}, {8, "", 0, 0},
		},
		"one sweep is on its way at a time": {
			{0, "+ann", 0, 1}, {0, "+bob", 0, 2}, {0, "+cid", 0, 3},
			{1, "-ann", 3, 3}, {2, "-bob", 0, 3}, {4, "", 1, 2}, {5, "", 0, 1}, {6, "-cid", 3, 1}, {9, "", 0, 0},
		},
		"a grace that begins again": {
			{0, "+ann", 0, 1}, {1, "-ann", 3, 1}, {2, "+ann", 0, 1}, {3.5, "-ann", 0, 1}, {4, "", 2.5, 1}, {6.5, "", 0, 0},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom()
			for i, s := range steps {
				var sweep time.Duration
				switch {
				case s.what == "":
					sweep = r.sweep(second(s.at))
				case s.what[0] == '+':
					r.enter(s.what[1:])
				default:
					sweep = r.leave(s.what[1:], second(s.at))
				}
				u, _ := r.since(cursor{})
				if u.Present != s.count || sweep.Seconds() != s.sweep {
					t.Fatalf("step %d %+v: %d present, next sweep in %v", i, s, u.Present, sweep)
				}
			}
		})
	}
}

func TestRoom_Next(t *testing.T) {
	for name, tc := range map[string]struct {
		happens func(r *room)
		want    string
		present int
	}{
		"a message":         {func(r *room) { r.post("Ada", "hello", noon) }, "1-1", 1},
		"somebody comes":    {func(r *room) { r.enter("bob") }, "none", 2},
		"the room closes":   {func(r *room) { r.close() }, "none", 1},
		"nothing, for long": {func(*room) { time.Sleep(pollTime) }, "none", 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRoom()
				r.enter("ann")
				ctx, cancel := context.WithTimeout(t.Context(), pollTime)
				defer cancel()
				got := make(chan update, 1)
				go func() { got <- r.next(ctx, cursor{epoch: r.epoch, present: 1}) }()
				synctest.Wait()
				if len(got) > 0 {
					t.Fatalf("it did not wait: %+v", <-got)
				}
				tc.happens(r)
				synctest.Wait()
				if len(got) == 0 {
					t.Fatal("it still waits")
				}
				if u := <-got; ids(u.Messages) != tc.want || u.Present != tc.present {
					t.Errorf("update %+v", u)
				}
				if n := r.changed.Waiters(); n != 0 {
					t.Errorf("%d waiters left", n)
				}
			})
		})
	}
}

// TestAgain sees two leave one after the other, and one timer count both out.
func TestAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom()
		for _, client := range []string{"ann", "bob"} {
			r.enter(client)
			again(r, r.leave(client, time.Now()))
			time.Sleep(grace / 2)
		}
		for _, want := range []int{1, 0} {
			synctest.Wait()
			if u, _ := r.since(cursor{}); u.Present != want {
				t.Errorf("%d present, want %d", u.Present, want)
			}
			time.Sleep(grace / 2)
		}
	})
}

// TestRoom_EveryMessageOnce has many write at once while many read.
func TestRoom_EveryMessageOnce(t *testing.T) {
	const writers, readers, each = 4, 8, 25 // no more than the buffer holds
	r := newRoom()
	var all sync.WaitGroup
	for range writers {
		all.Go(func() { say(t, r, each) })
	}
	for range readers {
		all.Go(func() {
			c := cursor{epoch: r.epoch, present: -1}
			for c.after < writers*each {
				u := r.next(t.Context(), c)
				if t.Context().Err() != nil {
					return
				}
				for _, m := range u.Messages {
					if m.ID != c.after+1 {
						t.Errorf("message %d after %d", m.ID, c.after)
					}
					c.after = m.ID
				}
				if u.Last != c.after || u.Gap {
					t.Errorf("last %d of messages up to %d, gap %v", u.Last, c.after, u.Gap)
				}
			}
		})
	}
	all.Wait()
}
