// Command webspider fetches the pages of a site that can be reached from its front page, ten at a time.
//
//	go run ./examples/webspider http://127.0.0.1:8888/
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"eddy/httpclient"
	"eddy/loop"
)

func main() {
	log.SetFlags(0)
	var b bounds
	flag.IntVar(&b.workers, "workers", 10, "fetch so many pages at once")
	flag.IntVar(&b.depth, "depth", 3, "follow so many links from the first page")
	flag.IntVar(&b.pages, "pages", 200, "fetch at most so many pages")
	flag.Parse()
	if flag.NArg() != 1 || b.workers < 1 || b.depth < 0 || b.pages < 1 {
		log.Fatal("usage: webspider [-workers 10] [-depth 3] [-pages 200] URL")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	begin := time.Now()
	tell, clear := progress(os.Stderr)
	sum, err := run(ctx, flag.Arg(0), b, tell)
	clear()
	if err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
	report(os.Stdout, sum, time.Since(begin))
}

// maxBody is how long a page may be.
const maxBody = 4 << 20

// run is the spider on a loop of its own: all its workers are coroutines there.
func run(ctx context.Context, front string, b bounds, tell func(summary)) (summary, error) {
	l, err := loop.New(loop.Options{})
	if err != nil {
		return summary{}, err
	}
	defer l.Close()
	client := httpclient.New(httpclient.Options{MaxBody: maxBody, UserAgent: "eddy-webspider"})
	defer client.Close()
	s, err := newSpider(client, front, b, tell)
	if err != nil {
		return summary{}, err
	}
	err = l.RunSync(ctx, s.crawl)
	return s.summary(), err
}

// progress draws on one line of a terminal, and nothing on anything else.
func progress(f *os.File) (tell func(summary), clear func()) {
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return func(summary) {}, func() {}
	}
	const width = 60
	var mu sync.Mutex
	tell = func(s summary) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(f, "\r%-*s", width, fmt.Sprintf("%d of %d pages, %d failed", s.fetched, s.found, len(s.failed)))
	}
	return tell, func() { fmt.Fprintf(f, "\r%*s\r", width, "") }
}

func report(w io.Writer, s summary, took time.Duration) {
	for _, f := range s.failed {
		fmt.Fprintln(w, f)
	}
	fmt.Fprintf(w, "fetched %d pages of %d in %.1f s, %.1f KB, %d failed\n",
		s.fetched, s.found, took.Seconds(), float64(s.bytes)/1e3, len(s.failed))
}
