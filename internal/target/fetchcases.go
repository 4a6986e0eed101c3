package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"eddy/httpclient"
)

// caseResult is one line of fetchcases.
type caseResult struct {
	Index  int     `json:"i"`
	OK     bool    `json:"ok"`
	Status int     `json:"status,omitempty"`
	Body   *string `json:"body,omitempty"` // nil for an error; a body may be empty
	Error  string  `json:"error,omitempty"`
}

const (
	caseTimeout = 3 * time.Second
	casesAtOnce = 32
	caseBody    = 16 << 20 // for servers that never end
)

// fetchCases fetches base/case/0 to base/case/n-1 and writes what came of each as a line of JSON, in this order.
// A body's bytes are the characters of the same numbers (Latin-1), so that all of them survive.
//
// Every connection is used once: what a server has done to one case must not decide another. The
// pool has suites of its own.
func fetchCases(ctx context.Context, w io.Writer, base string, n int) error {
	client := httpclient.New(httpclient.Options{
		RequestTimeout: caseTimeout,
		IdleTimeout:    -1,
		MaxBody:        caseBody,
		CheckRedirect:  stays,
	})
	defer client.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make([]chan caseResult, n)
	atOnce := make(chan struct{}, casesAtOnce)
	for i := range results {
		results[i] = make(chan caseResult, 1)
	}
	go func() {
		for i, result := range results {
			atOnce <- struct{}{}
			go func() {
				result <- fetchCase(ctx, client, base, i)
				<-atOnce
			}()
		}
	}()
	out := bufio.NewWriter(w)
	for _, result := range results {
		line, err := json.Marshal(<-result)
		if err != nil {
			return err
		}
		out.Write(append(line, '\n'))
		if err := out.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func fetchCase(ctx context.Context, client *httpclient.Client, base string, i int) caseResult {
	// The client keeps its own timeout. Should it not, that shall cost one case and not all.
	ctx, cancel := context.WithTimeout(ctx, 2*caseTimeout)
	defer cancel()
	r := &httpclient.Request{URL: strings.TrimSuffix(base, "/") + "/case/" + strconv.Itoa(i)}
	resp, err := client.Do(ctx, r)
	if errors.Is(err, errLeaves) { // then the redirect is what is asked for
		r.MaxRedirects = -1
		resp, err = client.Do(ctx, r)
	}
	if err != nil {
		return caseResult{Index: i, Error: err.Error()}
	}
	body := latin1(resp.Body)
	return caseResult{Index: i, OK: true, Status: resp.Status, Body: &body}
}

// errLeaves is why a redirect is not followed that leads away from the server of the cases.
var errLeaves = errors.New("the redirect leads to another host")

// stays lets redirects be followed to the host that has asked for them. A case may name any.
func stays(r *httpclient.Redirect) error {
	from, err := url.Parse(r.Response.URL)
	if err != nil || from.Hostname() != r.URL.Hostname() {
		return errLeaves
	}
	return nil
}

// latin1 returns the text whose characters have the numbers of the bytes.
func latin1(p []byte) string {
	var b strings.Builder
	b.Grow(len(p))
	for _, c := range p {
		b.WriteRune(rune(c))
	}
	return b.String()
}

// runFetchCases is the command's part: its arguments are the URL and the number of cases.
func runFetchCases(ctx context.Context, w io.Writer, args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("fetchcases: want a URL and a number of cases, got %d arguments", len(args))
	}
	n, err := strconv.Atoi(args[1])
	if err != nil || n < 0 {
		return fmt.Errorf("fetchcases: %q is no number of cases", args[1])
	}
	return fetchCases(ctx, w, args[0], n)
}
