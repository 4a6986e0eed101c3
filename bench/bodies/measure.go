package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
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

// measured is what a server took, in MiB, and passed, in MiB/s.
type measured struct{ idle, median, most, rate float64 }

// server is the program, at work in a process of its own.
type server struct {
	plain, secure string
	cmd           *exec.Cmd
	in            io.Closer
}

func start(o options) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &server{cmd: exec.Command(self, "-serve",
		fmt.Sprint("-size=", o.size), fmt.Sprint("-portion=", o.portion), fmt.Sprint("-rest=", o.rest))}
	s.cmd.Env = append(os.Environ(), serving+"=1")
	s.cmd.Stderr = os.Stderr
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err == nil {
		_, err = fmt.Sscan(line, &s.plain, &s.secure)
	}
	if err != nil {
		s.stop()
	}
	return s, err
}

// serving tells a test's own program that it is the server.
const serving = "EDDY_BODIES_SERVE"

func (s *server) stop() error { return errors.Join(s.in.Close(), s.cmd.Wait()) }

// memory returns a line of the process's status, in MiB.
func (s *server) memory(name string) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), name+":")
	var kb float64
	if _, err := fmt.Sscan(rest, &kb); err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return kb / 1024, nil
}

func measure(o options, w way) (m measured, err error) {
	s, err := start(o)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	url := "http://" + s.plain
	if w.secure {
		url = "https://" + s.secure
	}
	small := o
	small.size = 1
	if err := pass(client, url, small, true); err != nil { // so that rest is a rest between requests
		return m, err
	}
	if m.idle, err = s.memory("VmRSS"); err != nil {
		return m, err
	}
	begin, done := time.Now(), make(chan error, 1)
	go func() { done <- pass(client, url, o, w.up) }()
	samples, err := s.watch(done)
	if err != nil {
		return m, err
	}
	m.rate = float64(o.size) / (1 << 20) / time.Since(begin).Seconds()
	slices.Sort(samples)
	m.median = samples[len(samples)/2]
	m.most, err = s.memory("VmHWM")
	return m, err
}

// watch looks at the server's memory until done.
func (s *server) watch(done <-chan error) (samples []float64, err error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		mib, err := s.memory("VmRSS")
		if err != nil {
			return nil, err
		}
		samples = append(samples, mib)
		select {
		case err := <-done:
			return samples, err
		case <-tick.C:
		}
	}
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
	return slowly(resp.Body, o)
}

// slowly reads to the end, and rests after every portion.
func slowly(r io.Reader, o options) error {
	var got int64
	for {
		n, err := io.CopyN(io.Discard, r, o.portion)
		got += n
		switch {
		case err == io.EOF && got == o.size:
			return nil
		case err == io.EOF:
			return fmt.Errorf("%d bytes of %d came", got, o.size)
		case err != nil:
			return err
		}
		time.Sleep(o.rest)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
