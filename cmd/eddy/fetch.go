package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"eddy/httpclient"
)

// atOnce is how many URLs are fetched at the same time.
const atOnce = 10

// runFetch is the command fetch.
func runFetch(ctx context.Context, args []string, w world) int {
	flags, help, err := parseFetch(args)
	if errors.Is(err, flag.ErrHelp) {
		return say(w, help)
	}
	if err != nil {
		fmt.Fprintf(w.stderr, "eddy: fetch: %v (eddy fetch -h explains)\n", err)
		return exitUsage
	}
	f := &fetcher{world: w, flags: &flags, client: httpclient.New(flags.options())}
	defer f.client.Close()
	f.bar = newBar(w, len(flags.urls))
	if f.showsProgress() {
		defer f.bar.run()()
	}
	code := f.all(ctx)
	if code == exitInterrupted {
		f.bar.print("eddy: interrupted\n")
	}
	return code
}

// fetcher fetches the URLs of one command line.
type fetcher struct {
	world
	flags  *fetchFlags
	client *httpclient.Client
	bar    *bar
}

// showsProgress reports whether somebody looks at stderr and sees nothing else there.
func (f *fetcher) showsProgress() bool {
	if f.flags.silent || !f.terminal(f.stderr) || f.env("TERM") == "dumb" {
		return false
	}
	toFiles := true
	for i := range f.flags.urls {
		toFiles = toFiles && f.flags.output(i) != ""
	}
	return toFiles || !f.terminal(f.stdout)
}

// all fetches all, some at once, and returns the exit code. Each waits to write to stdout until
// those before it are done; meanwhile its server waits, too.
func (f *fetcher) all(ctx context.Context) int {
	codes := make([]int, len(f.flags.urls))
	before := make(chan struct{})
	close(before)
	places := make(chan struct{}, atOnce)
	var wg sync.WaitGroup
	for i := range codes {
		places <- struct{}{}
		turn, done := before, make(chan struct{})
		wg.Go(func() {
			codes[i] = f.one(ctx, i, turn)
			<-places
			<-turn
			close(done)
		})
		before = done
	}
	wg.Wait()
	for _, code := range []int{exitInterrupted, exitFailed, exitStatus} { // the worst of all
		if slices.Contains(codes, code) {
			return code
		}
	}
	return exitOK
}

// one fetches the i-th URL and reports what went wrong.
func (f *fetcher) one(ctx context.Context, i int, turn <-chan struct{}) int {
	m := f.bar.meter()
	defer m.end()
	limit, ctx := newLimit(ctx, f.flags.maxTime)
	defer limit.end()
	r, done, err := f.flags.request(f.flags.urls[i], f.stdin)
	if err != nil {
		return f.failed(ctx, "", err)
	}
	defer done()
	resp, err := f.client.Stream(ctx, r)
	if err != nil {
		return f.failed(ctx, "", err)
	}
	defer resp.Close()
	if f.flags.fail {
		if err := resp.Rethrow(); err != nil {
			f.failed(ctx, resp.URL, fmt.Errorf("%d %s", resp.Status, http.StatusText(resp.Status)))
			return exitStatus
		}
	}
	if name := f.flags.output(i); name != "" {
		err = f.toFile(name, resp, m)
	} else if err = limit.wait(ctx, turn); err == nil {
		err = f.write(f.stdout, resp, m)
	}
	if err != nil {
		return f.failed(ctx, resp.URL, err)
	}
	if f.flags.timings {
		f.bar.print(timings(resp.URL, resp.Time))
	}
	return exitOK
}

// toFile writes a response to a file, which is there only if all of it is.
func (f *fetcher) toFile(name string, resp *httpclient.Stream, m *meter) error {
	out, err := create(name)
	if err != nil {
		return err
	}
	if err := f.write(out, resp, m); err != nil {
		out.discard()
		return err
	}
	return out.commit()
}

// write copies a response as it comes.
func (f *fetcher) write(w io.Writer, resp *httpclient.Stream, m *meter) error {
	size := resp.ContentLength
	if resp.Uncompressed {
		size = -1 // that of something else
	}
	m.begin(size)
	if f.flags.head {
		text := head(resp.Response)
		if f.terminal(w) {
			text = plain(text)
		}
		if _, err := io.WriteString(w, text); err != nil {
			return fmt.Errorf("writing: %w", err)
		}
	}
	buf := make([]byte, 32<<10)
	for {
		n, err := resp.Read(buf)
		m.add(n)
		if _, err := w.Write(buf[:n]); err != nil {
			return fmt.Errorf("writing: %w", err)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// head returns a response's head as text.
func head(r *httpclient.Response) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d %s\n", r.Version, r.Status, r.Reason)
	for name, value := range r.Header.All() {
		fmt.Fprintf(&b, "%s: %s\n", name, value)
	}
	b.WriteByte('\n')
	return b.String()
}

// failed reports an error in one line, and returns its exit code. An interruption is reported once for all.
func (f *fetcher) failed(ctx context.Context, url string, err error) int {
	cause := context.Cause(ctx)
	fault, isFault := errors.AsType[*httpclient.Error](err)
	if isFault {
		url, err = fault.URL, fault.Err
	}
	switch {
	case errors.Is(err, context.Canceled) && cause == errMaxTime:
		err = fmt.Errorf("-max-time of %v has passed", f.flags.maxTime)
	case errors.Is(err, context.Canceled) && cause != nil:
		return exitInterrupted
	}
	text := err.Error()
	if isFault {
		text = string(fault.Phase) + ": " + text
	}
	if url != "" {
		text = url + ": " + text
	}
	f.bar.print("eddy: " + plain(strings.ReplaceAll(text, "\n", "; ")) + "\n") // parts of it may be the server's
	return exitFailed
}

var errMaxTime = errors.New("-max-time has passed")

// limit ends a context after some time of work.
type limit struct {
	timer  *time.Timer // nil: there is no limit
	left   time.Duration
	began  time.Time
	cancel context.CancelCauseFunc
}

func newLimit(ctx context.Context, d time.Duration) (*limit, context.Context) {
	ctx, cancel := context.WithCancelCause(ctx)
	l := &limit{left: d, began: time.Now(), cancel: cancel}
	if d > 0 {
		l.timer = time.AfterFunc(d, func() { cancel(errMaxTime) })
	}
	return l, ctx
}

// wait waits for its turn, which takes nothing of the time.
func (l *limit) wait(ctx context.Context, turn <-chan struct{}) error {
	if l.timer != nil && l.timer.Stop() {
		l.left -= time.Since(l.began)
		defer func() {
			l.began = time.Now()
			l.timer.Reset(l.left)
		}()
	}
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *limit) end() {
	if l.timer != nil {
		l.timer.Stop()
	}
	l.cancel(nil)
}
