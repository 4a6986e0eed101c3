package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"eddy/bench"
	"eddy/bench/child"
)

// way is how a body goes.
type way struct {
	name   string
	up     bool
	secure bool
}

var ways = []way{
	{"upload", true, false}, {"download", false, false}, {"upload by TLS", true, true}, {"download by TLS", false, true},
}

// measure has a body go its way through a server that is started for it.
func measure(o options, w way) (m bench.Passage, err error) {
	s, err := child.Start(child.Options{Role: o.role()})
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	plain, secure, _ := strings.Cut(s.Said, " ")
	url := "http://" + plain
	if w.secure {
		url = "https://" + secure
	}
	small := o
	small.size = 1
	if err := pass(client, url, small, true); err != nil { // so that rest is a rest between requests
		return m, err
	}
	return bench.Pass(s.PID, o.size, 1, func(int64) error { return pass(client, url, o, w.up) })
}

// pass sends a body, or takes one slowly.
func pass(client *http.Client, url string, o options, up bool) error {
	var resp *http.Response
	var err error
	if up {
		resp, err = client.Post(url, "application/octet-stream", io.LimitReader(zeros{}, o.size))
	} else {
		resp, err = client.Get(url)
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	if up {
		var got int64
		if _, err := fmt.Fscan(resp.Body, &got); err != nil || got != o.size {
			return fmt.Errorf("%d bytes of %d arrived, %v", got, o.size, err)
		}
		return nil
	}
	return bench.ReadSlowly(resp.Body, o.size, o.portion, o.rest)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
