package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"eddy/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// site is pages by their path, and how often each was asked for.
type site struct {
	*httptest.Server
	mu    sync.Mutex
	asked map[string]int
}

func open(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) *site {
	s := &site{asked: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked[r.URL.RequestURI()]++
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *site) paths() (paths []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p, n := range s.asked {
		if n != 1 {
			p += fmt.Sprintf(" asked for %d times", n)
		}
		paths = append(paths, p)
	}
	slices.Sort(paths)
	return paths
}

func quiet(summary) {}

func TestSpider_FetchesEveryPageOnce(t *testing.T) {
	pages := map[string]string{
		"/":      `<a href="/a">a</a> <a href="b?x=1&amp;y=2#part">b</a> <A HREF=/a#top>a again</A> <a href="http://127.0.0.1:1/">else</a>`,
		"/a":     `<a href="mailto:x@example.org">m</a> <a href="/a">me</a> <a href="">me</a> <!-- <a href="/comment"> --> <a name=none>n</a>`,
		"/b":     `<base href="/deep/er/"><base href="/other/"><a href="c">c</a> <a href="://">broken</a> <area href="/area">`,
		"/deep":  ``,
		"/plain": `<a href="/from-plain">x</a>`,
	}
	s := open(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/deep/er/c":
			fmt.Fprint(w, `<html><a href="/plain">p</a><a href="/gone">g</a>`)
		case "/gone":
			http.NotFound(w, r)
		case "/plain":
			w.Header().Set("Content-Type", "text/plain")
			fmt.Fprint(w, pages["/plain"])
		default:
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, pages[r.URL.Path])
		}
	})
	var mu sync.Mutex
	var told []summary
	sum, err := run(t.Context(), s.URL, bounds{workers: 10, depth: 5, pages: 100}, func(s summary) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, s)
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.paths(), []string{"/", "/a", "/b?x=1&y=2", "/deep/er/c", "/gone", "/plain"}; !slices.Equal(got, want) {
		t.Errorf("asked for %q, want %q", got, want)
	}
	if sum.fetched != 5 || sum.found != 6 || len(sum.failed) != 1 || !strings.Contains(sum.failed[0], "/gone: httpclient: ") ||
		!strings.Contains(sum.failed[0], "404") || sum.bytes < len(pages["/"]) {
		t.Errorf("%+v", sum)
	}
	if len(told) != 6 || told[0].fetched != 1 {
		t.Errorf("%+v", told)
	}
}

// Every page waits until all workers are busy.
func TestSpider_WorkersFetchAtOnce(t *testing.T) {
	const workers = 10
	var all sync.WaitGroup
	all.Add(workers)
	s := open(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if r.URL.Path != "/" {
			all.Done()
			all.Wait()
			return
		}
		for i := range workers {
			fmt.Fprintf(w, "<a href=%d>", i)
		}
	})
	sum, err := run(t.Context(), s.URL, bounds{workers: workers, depth: 1, pages: 100}, quiet)
	if err != nil || sum.fetched != workers+1 {
		t.Errorf("%+v, %v", sum, err)
	}
}

// endless is a site whose every page links to further ones.
func endless(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprintf(w, `<a href="%[1]s0"></a><a href="%[1]s1"></a>`, r.URL.Path)
}

func TestSpider_Bounds(t *testing.T) {
	for _, c := range []struct {
		bounds bounds
		want   int
	}{
		{bounds{3, 0, 100}, 1},
		{bounds{3, 2, 100}, 7},
		{bounds{3, 100, 20}, 20},
		{bounds{50, 100, 1}, 1},
	} {
		s := open(t, endless)
		sum, err := run(t.Context(), s.URL, c.bounds, quiet)
		if err != nil || sum.fetched != c.want || sum.found != c.want || len(s.paths()) != c.want {
			t.Errorf("%+v: %+v, %d asked for, %v", c.bounds, sum, len(s.paths()), err)
		}
	}
}

func TestSpider_EndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := open(t, func(w http.ResponseWriter, r *http.Request) {
		if len(r.URL.Path) > 3 {
			cancel()
			<-r.Context().Done() // the connection is given up, too
		}
		endless(w, r)
	})
	sum, err := run(ctx, s.URL, bounds{5, 100, 1000}, quiet)
	if !errors.Is(err, context.Canceled) || sum.fetched == 0 || sum.fetched > 7 || len(sum.failed) > 0 {
		t.Errorf("%+v, %v", sum, err)
	}
}

func TestSpider_RefusesWhatIsNoSite(t *testing.T) {
	for _, front := range []string{"", "/a", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:x/"} {
		if _, err := run(t.Context(), front, bounds{1, 1, 1}, quiet); err == nil {
			t.Errorf("%q was taken", front)
		}
	}
}

func TestOrigin(t *testing.T) {
	for text, want := range map[string]string{
		"http://A.example/x": "http://a.example:80", "https://a.example:443": "https://a.example:443",
		"http://[::1]/": "http://::1:80", "mailto:x": "mailto://:",
	} {
		u, err := url.Parse(text)
		if err != nil || origin(u) != want {
			t.Errorf("%s: %s, %v", text, origin(u), err)
		}
	}
}

func TestReport(t *testing.T) {
	var b strings.Builder
	report(&b, summary{found: 3, fetched: 2, bytes: 1500, failed: []string{"u: why"}}, 2*time.Second)
	if want := "u: why\nfetched 2 pages of 3 in 2.0 s, 1.5 KB, 1 failed\n"; b.String() != want {
		t.Errorf("%q", b.String())
	}
}
