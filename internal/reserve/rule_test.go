package reserve

import (
	"testing"
	"time"
)

// after plays collections with a gap before each, and returns whether there is a reserve at the end.
func after(r *rule, n int, gap time.Duration, h heap) (hold bool) {
	now := r.last
	for range n {
		now = now.Add(gap)
		hold = r.next(now, h)
	}
	return hold
}

func TestRule_ManyInARow(t *testing.T) {
	small := heap{live: 1 << 20}
	r := rule{last: time.Unix(1, 0)}
	if after(&r, inARow-1, often/2, small) {
		t.Error("a reserve after too few collections")
	}
	if after(&r, 1, often, small); r.hold {
		t.Error("a slow one does not end the row")
	}
	if after(&r, inARow-1, often/2, small) {
		t.Error("a reserve after a broken row")
	}
	if !after(&r, 1, often/2, small) {
		t.Error("no reserve after a row")
	}
	if !after(&r, 5, seldom-1, small) {
		t.Error("it went although there is something to do: collections come later because of it")
	}
	if after(&r, 1, seldom, small) {
		t.Error("a program that rests has a reserve")
	}
	if after(&r, inARow-1, often/2, small) || !after(&r, 1, often/2, small) {
		t.Error("the second reserve takes a row, too")
	}
}

func TestRule_WhoHasNoneTheyWouldNotWant(t *testing.T) {
	for name, h := range map[string]heap{
		"much data": {live: little + 1},
		"tuned":     {live: 1 << 20, tuned: true},
	} {
		r := rule{last: time.Unix(1, 0)}
		if after(&r, 10*inARow, often/2, h) {
			t.Errorf("%s: a reserve", name)
		}
		after(&r, inARow, often/2, heap{})
		if !r.hold || after(&r, 1, often/2, h) {
			t.Errorf("%s: the reserve stays", name)
		}
	}
}
