package tcp

import "log/slog"

// A Spreader is the gate of its acceptors.

// enter implements gate.
func (s *Spreader) enter(a *Acceptor) bool {
	if s.stopped.Load() {
		return false // the acceptor is about to be closed
	}
	if s.options.MaxConnections <= 0 || s.takePlace() {
		return true
	}
	entered, tell := s.queue(a)
	if tell {
		say(s.options.Logger, slog.LevelWarn, "as many connections as allowed: accepting stops until one is gone",
			slog.Int("connections", s.options.MaxConnections), slog.Uint64("times", s.full.Load()))
	}
	return entered
}

// queue makes an acceptor wait for room, unless there is some after all.
func (s *Spreader) queue(a *Acceptor) (entered, tell bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// Whoever leaves after this sees that somebody waits; whoever left before is seen here.
	s.crowded.Store(true)
	if s.takePlace() {
		return true, false
	}
	s.barred = append(s.barred, a)
	s.full.Add(1)
	now := a.loop.Now()
	if tell = !now.Before(s.quietTill); tell {
		s.quietTill = now.Add(troubleEvery)
	}
	return false, tell
}

func (s *Spreader) takePlace() bool {
	for {
		n := s.places.Load()
		if n >= int64(s.options.MaxConnections) {
			return false
		}
		if s.places.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// leave implements gate.
func (s *Spreader) leave() {
	if s.options.MaxConnections <= 0 {
		return
	}
	if s.places.Add(-1); s.crowded.Load() {
		s.makeRoom()
	}
}

// makeRoom lets those accept again that wait.
func (s *Spreader) makeRoom() {
	s.mu.Lock()
	waiting := s.barred
	s.barred = nil
	s.crowded.Store(false)
	s.mu.Unlock()
	for _, a := range waiting {
		a.loop.Post(a.unbar)
	}
}

// refused implements gate.
func (s *Spreader) refused(n int) { s.refusals.Add(uint64(n)) }

// shut implements gate.
func (s *Spreader) shut(a *Acceptor) {
	s.mu.Lock()
	delete(s.acceptors, a)
	s.mu.Unlock()
	s.settle()
}

// settle ends the waiting for the end if that has come.
func (s *Spreader) settle() {
	s.mu.Lock()
	over := s.stopped.Load() && len(s.acceptors) == 0 && s.count.Load() == 0
	s.mu.Unlock()
	if over {
		s.ended.Set()
	}
}
