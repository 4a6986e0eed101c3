package hardserver

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// A Client is one client under trial. Fetch makes one request for url as the case says: with its method,
// a body of its length, its credentials. Close ends all that it holds.
type Client interface {
	Fetch(ctx context.Context, c *Case, url string) Outcome
	Close()
}

// The credentials of a case that has them.
const (
	Authorization = "Basic c2VjcmV0OnNlY3JldA=="
	Cookie        = "secret=secret"
)

// A Result is what a client made of a case.
type Result struct {
	Case Case
	Got  []Outcome // one for each request
}

// Fault says in which way the client was wrong, "" if it was right.
func (r *Result) Fault() string {
	for i, got := range r.Got {
		want := r.Case.Want
		if i > 0 {
			want = r.Case.Then[i-1]
		}
		if !want.Takes(got) {
			return fmt.Sprintf("request %d: got %v, want %v", i+1, got, want)
		}
	}
	return ""
}

// The time limits of a fetch. The short one is for cases that it may end.
const (
	shortLimit = time.Second
	longLimit  = 15 * time.Second
)

// Run tries every case with a client of its own, several at a time, and returns the results in order.
func Run(t testing.TB, cases []Case, client func(*Case) Client) []Result {
	t.Helper()
	results := make([]Result, len(cases))
	const together = 32
	slots := make(chan struct{}, together)
	var wg sync.WaitGroup
	for i := range cases {
		slots <- struct{}{}
		s := cases[i].Start(t)
		wg.Go(func() {
			results[i] = try(s, &cases[i], client(&cases[i]))
			s.Close()
			<-slots
		})
	}
	wg.Wait()
	return results
}

func try(s *Server, c *Case, client Client) Result {
	defer client.Close()
	limit := longLimit
	if c.Want.Takes(Outcome{Class: Timeout}) {
		limit = shortLimit
	}
	r := Result{Case: *c}
	for i := range 1 + len(c.Then) {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		if i > 0 {
			s.Next(ctx)
		}
		r.Got = append(r.Got, client.Fetch(ctx, c, s.URL))
		cancel()
		if r.Fault() != "" {
			break // the script may not get to the next one
		}
	}
	return r
}
