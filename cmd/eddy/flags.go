package main

import (
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"eddy/httpclient"
	"eddy/httputil"
)

// fetchFlags is what the command line of fetch asks for.
type fetchFlags struct {
	urls     []string
	outputs  []string // by the URLs' order; "-" and what is missing: stdout
	method   string
	header   httputil.Header
	data     string // text, or "@" and a file's name, or "@-"
	hasData  bool
	head     bool
	fail     bool
	insecure bool
	noFollow bool
	raw      bool
	silent   bool
	timings  bool
	maxTime  time.Duration
	proxy    *url.URL
}

// parseFetch reads the arguments of fetch. Flags may stand before and behind URLs. The text of
// the usage is help's if that is asked for, with flag.ErrHelp.
func parseFetch(args []string) (f fetchFlags, help string, err error) {
	set := flag.NewFlagSet("eddy fetch", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.Usage = func() {}
	f.define(set)
	for {
		if err := set.Parse(args); err != nil {
			return f, helpFor(set), err
		}
		if set.NArg() == 0 {
			break
		}
		f.urls = append(f.urls, absolute(set.Arg(0)))
		args = set.Args()[1:]
	}
	return f, "", f.check()
}

func (f *fetchFlags) define(set *flag.FlagSet) {
	header := func(line string) error { return addHeader(&f.header, line) }
	set.Func("H", "send the header `field`, \"Name: value\"; again for more", header)
	set.Func("header", "the `field`, as -H", header)
	set.StringVar(&f.method, "X", "", "the request's `method`; default: GET, or POST with -d")
	set.Func("d", "send `data` as the body: text, @FILE, or @- for the standard input, unchanged", func(s string) error {
		if f.hasData {
			return errors.New("it is given twice")
		}
		f.data, f.hasData = s, true
		return nil
	})
	set.Func("o", "write the body to `file`; once for each URL, in their order; - is the standard output", func(s string) error {
		if s == "" {
			return errors.New("it has no name")
		}
		f.outputs = append(f.outputs, s)
		return nil
	})
	set.BoolVar(&f.head, "i", false, "print the response's head before the body")
	set.BoolVar(&f.fail, "f", false, "print no body of a status of 400 or more, and end with code 22")
	set.BoolVar(&f.insecure, "k", false, "believe any certificate of a server")
	set.BoolVar(&f.noFollow, "no-follow", false, "print redirects instead of following them")
	set.BoolVar(&f.raw, "raw", false, "ask for no compression, and leave bodies as they are sent")
	set.BoolVar(&f.silent, "s", false, "draw no progress; without it some is drawn, on a terminal only")
	set.BoolVar(&f.timings, "timings", false, "print to the standard error what each part of a fetch took")
	set.DurationVar(&f.maxTime, "max-time", 0, "end a fetch after this `long`, such as 1m30s; default: 20s to connect, and a minute without a byte either way")
	set.Func("proxy", "fetch through the proxy at `url`: http, https, socks5 or socks5h; default: what the environment says", func(s string) error {
		u, err := url.Parse(absolute(s))
		if err != nil {
			return err
		}
		if !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) || u.Hostname() == "" {
			return errors.New("no URL of a proxy")
		}
		f.proxy = u
		return nil
	})
}

// absolute completes a URL without a scheme, as browsers do.
func absolute(s string) string {
	if strings.Contains(s, "://") {
		return s
	}
	return "http://" + s
}

// addHeader adds a field. Its errors do not show the value.
func addHeader(h *httputil.Header, line string) error {
	name, value, ok := strings.Cut(line, ":")
	if !ok {
		return errors.New("a field has a colon behind its name")
	}
	return h.Add(name, strings.TrimSpace(value))
}

func (f *fetchFlags) check() error {
	switch {
	case len(f.urls) == 0:
		return errors.New("no URL")
	case len(f.outputs) > len(f.urls):
		return errors.New("more -o than URLs")
	case f.data == "@-" && len(f.urls) > 1:
		return errors.New("the standard input can be sent to one URL only")
	case f.method != "" && !httputil.IsToken(f.method):
		return errors.New("-X is no method")
	case f.maxTime < 0:
		return errors.New("-max-time is negative")
	}
	for i, name := range f.outputs {
		if name != "-" && slices.Contains(f.outputs[:i], name) {
			return fmt.Errorf("-o %s is given twice", name)
		}
	}
	return nil
}

// helpFor returns the explanation of the flags.
func helpFor(set *flag.FlagSet) string {
	var b strings.Builder
	b.WriteString("Usage: eddy fetch [flags] URL...\n\n" +
		"Fetches the URLs at once and prints their bodies in order. A URL without a scheme is http.\n" +
		"Exit codes: 0; 1 if something failed; 2 for a wrong command line; 22 with -f; 130 if interrupted.\n\n")
	set.SetOutput(&b)
	set.PrintDefaults()
	return b.String()
}

// options returns those of the client. A fetch has no limit as a whole but -max-time, as it may be
// long, and that takes the place of all others.
func (f *fetchFlags) options() httpclient.Options {
	o := httpclient.Options{RequestTimeout: -1}
	if f.maxTime > 0 {
		o.ConnectTimeout, o.ReadTimeout = -1, -1
	}
	if f.noFollow {
		o.MaxRedirects = -1
	}
	if f.insecure {
		o.TLS = &tls.Config{InsecureSkipVerify: true}
	}
	o.NoDecompress = f.raw
	return o
}

// output returns where the i-th body goes, "" for stdout.
func (f *fetchFlags) output(i int) string {
	if i >= len(f.outputs) || f.outputs[i] == "-" {
		return ""
	}
	return f.outputs[i]
}
