package web

import (
	"eddy/httputil"
	"eddy/internal/habit"
)

// InGoroutine runs the handlers of a rule in goroutines of their own from the beginning.
// It is for those that are known to block; others need no option, because their rules
// learn it from the first few requests. Only such a handler may wait by ctx while its
// goroutine is locked to a thread (runtime.LockOSThread); it must unlock it before it returns.
func InGoroutine() RuleOption {
	return func(r *Rule) { r.place = habit.InGoroutine }
}

// OnLoop runs the handlers of a rule on their loops and learns nothing. One that blocks
// still loses its loop, every time. It is for handlers that must not be
// taken for blocking ones because a busy machine makes them look so.
func OnLoop() RuleOption {
	return func(r *Rule) { r.place = habit.OnLoop }
}

// newHabits returns a habit for each verb of a route: what answers GET may be quick where
// what answers POST blocks. What is mounted learns by itself.
func newHabits(e *entry) (habits [verbNone]*habit.Habit) {
	if e.route == nil {
		if e.place != habit.Learned {
			habits[verbAny] = habit.New(e.pattern.source, e.place)
		}
		return habits
	}
	for m, v := range e.route.verbs {
		if v <= verbAny && habits[v] == nil {
			name := e.pattern.source
			if v < verbAny {
				name = methodNames[m] + " " + name
			}
			habits[v] = habit.New(name, e.place)
		}
	}
	return habits
}

// follow tells the engine which habit a request is about.
func (e *entry) follow(r *httputil.Request, v verb) {
	if h := e.habits[v]; h != nil {
		r.Follow(h)
	}
}
