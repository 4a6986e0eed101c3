package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"eddy/async"
	"eddy/httpclient"
)

// bounds keep a spider from going on for ever.
type bounds struct {
	workers int // pages that are fetched at once
	depth   int // links from the first page
	pages   int // in all
}

// page is one to fetch.
type page struct {
	url   string
	depth int // links from the first page
}

// summary is what a spider has done so far.
type summary struct {
	found   int // pages to fetch, those that are done included
	fetched int
	bytes   int
	failed  []string // one line each
}

// spider visits the pages of one origin, each once.
type spider struct {
	client *httpclient.Client
	origin string
	bounds bounds
	tell   func(summary) // after every page, maybe by several workers at the same time

	// queue has no bound of its own: those who take from it are those who put, and would all wait for
	// room. What is put is bounded by pages.
	queue async.Queue[page]

	// A coroutine that computes for long loses its loop and goes on beside it, so what they share has
	// a mutex, although they have one loop.
	mu   sync.Mutex
	seen map[string]bool
	sum  summary
}

func newSpider(client *httpclient.Client, front string, b bounds, tell func(summary)) (*spider, error) {
	u, err := url.Parse(front)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%s: not an absolute http or https URL", front)
	}
	s := &spider{client: client, origin: origin(u), bounds: b, tell: tell, seen: make(map[string]bool)}
	return s, s.offer(context.Background(), u, 0)
}

// crawl returns when no page is left, or with ctx's error.
func (s *spider) crawl(ctx context.Context) error {
	workers := make([]*async.Future[struct{}], s.bounds.workers)
	for i := range workers {
		workers[i] = async.Go(ctx, s.work)
	}
	err := s.queue.Join(ctx)
	s.queue.Close() // nobody puts any more: the workers go home
	_, failed := async.Gather(context.WithoutCancel(ctx), workers...)
	switch {
	case err != nil:
		return err
	case failed != nil:
		return failed
	}
	return ctx.Err() // what was in the queue then was taken, but not fetched
}

func (s *spider) work(ctx context.Context) (struct{}, error) {
	for p := range s.queue.All(ctx) {
		s.visit(ctx, p)
		s.queue.TaskDone()
	}
	return struct{}{}, nil
}

// visit fetches a page and puts what it links to into the queue.
func (s *spider) visit(ctx context.Context, p page) {
	resp, err := s.client.Get(ctx, p.url)
	if err == nil {
		err = resp.Rethrow()
	}
	if ctx.Err() != nil {
		return
	}
	s.note(p, resp, err)
	if err != nil || p.depth == s.bounds.depth {
		return
	}
	at, err := url.Parse(resp.URL)
	if err != nil || origin(at) != s.origin || !isHTML(resp.Header.Get("Content-Type")) {
		return // a redirect may have led away
	}
	for _, u := range links(at, resp.Body) {
		if s.offer(ctx, u, p.depth+1) != nil {
			return
		}
	}
}

// offer puts a page into the queue, unless it is elsewhere, known, or one too many.
func (s *spider) offer(ctx context.Context, u *url.URL, depth int) error {
	if origin(u) != s.origin {
		return nil
	}
	u.Fragment, u.RawFragment, u.User = "", "", nil
	if u.Path == "" {
		u.Path = "/"
	}
	name := u.String()
	s.mu.Lock()
	known := s.seen[name] || len(s.seen) == s.bounds.pages
	if !known {
		s.seen[name] = true
		s.sum.found++
	}
	s.mu.Unlock()
	if known {
		return nil
	}
	return s.queue.Put(ctx, page{name, depth})
}

// note counts a page that was fetched, or was not.
func (s *spider) note(p page, resp *httpclient.Response, err error) {
	s.mu.Lock()
	if err != nil {
		s.sum.failed = append(s.sum.failed, p.url+": "+err.Error())
	} else {
		s.sum.fetched++
		s.sum.bytes += len(resp.Body)
	}
	s.mu.Unlock()
	s.tell(s.summary())
}

func (s *spider) summary() summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := s.sum
	sum.failed = slices.Clone(sum.failed)
	return sum
}

// origin returns scheme, host and port of a URL (RFC 6454 §4).
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}
