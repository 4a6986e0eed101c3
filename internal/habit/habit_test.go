package habit_test

import (
	"testing"

	"eddy/internal/habit"
)

func begin(t *testing.T, h *habit.Habit, n int, apart bool) {
	t.Helper()
	for i := range n {
		if h.Begin() != apart {
			t.Fatalf("job %d: apart %v, want %v", i, !apart, apart)
		}
	}
}

func TestHabit_LeavesTheLoopWithTheThirdHandOff(t *testing.T) {
	h := habit.New("x", habit.Learned)
	for i := range 3 {
		begin(t, h, 50, false)
		if left := h.HandedOff(); left != (i == 2) {
			t.Fatalf("hand-off %d: left %v", i, left)
		}
	}
	begin(t, h, 10, true)
	if h.HandedOff() {
		t.Error("it left a second time")
	}
	if h.HandOffs() != 4 {
		t.Errorf("%d hand-offs, want 4", h.HandOffs())
	}
}

func TestHabit_WhatBlocksSeldomStays(t *testing.T) {
	h := habit.New("x", habit.Learned)
	for range 50 {
		if h.HandedOff() {
			t.Fatal("it left")
		}
		begin(t, h, 300, false)
	}
}

func TestHabit_ComesBackWhenItProvesQuick(t *testing.T) {
	h := habit.New("x", habit.Learned)
	for range 1000 {
		h.HandedOff()
	}
	n := 1
	for ; !h.Ran(false); n++ {
		begin(t, h, 1, true)
		if n > 2000 {
			t.Fatal("it never comes back")
		}
	}
	if n < 500 {
		t.Errorf("%d quick runs were enough to forget 1000 hand-offs", n)
	}
	begin(t, h, 100, false)
	if h.HandedOff() {
		t.Error("one hand-off after its return is enough to leave again")
	}
}

func TestHabit_OneLongRunInAHundredKeepsItApart(t *testing.T) {
	h := habit.New("x", habit.Learned)
	for range 3 {
		h.HandedOff()
	}
	for range 20 {
		for range 100 {
			if h.Ran(false) {
				t.Fatal("it came back")
			}
		}
		h.Ran(true)
	}
	begin(t, h, 1, true)
}

func TestHabit_ForcedPlacesDoNotLearn(t *testing.T) {
	on, off := habit.New("on", habit.OnLoop), habit.New("off", habit.InGoroutine)
	for range 100 {
		if on.HandedOff() || off.HandedOff() || off.Ran(true) {
			t.Fatal("a forced place has changed")
		}
	}
	for range 10000 {
		if off.Ran(false) {
			t.Fatal("a forced place has changed")
		}
	}
	begin(t, on, 1, false)
	begin(t, off, 1, true)
	if on.Name() != "on" {
		t.Errorf("name %q", on.Name())
	}
}

func BenchmarkHabit_Begin(b *testing.B) {
	h := habit.New("x", habit.Learned)
	b.ReportAllocs()
	for b.Loop() {
		h.Begin()
	}
}

// Beside a light weight, one job in ten that blocks is many, and one in twenty few.
func TestNewWeighted(t *testing.T) {
	for every, leaves := range map[int]bool{10: true, 20: false} {
		h := habit.NewWeighted("x", habit.Learned, 16)
		left := false
		for range 100 {
			for range every - 1 {
				left = left || h.Begin()
			}
			h.Begin()
			left = h.HandedOff() || left
		}
		if left != leaves {
			t.Errorf("one in %d: left %v", every, left)
		}
	}
}
