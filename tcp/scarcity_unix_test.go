//go:build unix && !freebsd && !dragonfly

package tcp_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"eddy/stream"
	"eddy/tcp"
)

// A process at its limit of descriptors: whoever is connected is served on, others are refused
// and not left hanging, and when there are descriptors again all goes on.
func TestServer_OutOfDescriptors(t *testing.T) {
	if !isChild(t) {
		if os.Getenv("EDDY_POLLER") == "net" {
			t.Skip("package net accepts by itself there, and the reserve is not in its reach")
		}
		child(t, t.Name(), nil)
		return
	}
	s, _, addr, logs := realServer(t, 2, tcp.ServerOptions{}, echo)
	early, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer early.Close()
	early.SetDeadline(time.Now().Add(30 * time.Second))
	await(t, "it is accepted", func() bool { return s.Stats().Connections == 1 })

	// Clients first: they have descriptors of this process, too.
	var clients []int
	const waiting = 20
	for range waiting {
		fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		clients = append(clients, fd)
	}
	var limit, low syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	low = limit
	low.Cur = uint64(clients[waiting-1]) + 1
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	filler := fill(t)
	to := &syscall.SockaddrInet4{Port: portOf(addr), Addr: [4]byte{127, 0, 0, 1}}
	for _, fd := range clients {
		if err := syscall.Connect(fd, to); err != nil {
			t.Fatal(err)
		}
	}
	await(t, "those who wait are refused", func() bool { return s.Stats().Refused == waiting })
	for i, fd := range clients {
		if n, err := syscall.Read(fd, make([]byte, 1)); n > 0 || err == syscall.EAGAIN {
			t.Errorf("client %d read %d bytes, %v", i, n, err)
		}
	}
	io.WriteString(early, "hey\n")
	if got := make([]byte, 4); true {
		if _, err := io.ReadFull(early, got); string(got) != "hey\n" {
			t.Errorf("the early one got %q, %v", got, err)
		}
	}
	if st := s.Stats(); st.Accepted != 1 || st.Connections != 1 {
		t.Errorf("%+v", st)
	}
	for _, fd := range append(filler, clients...) {
		syscall.Close(fd)
	}
	syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	if got, _ := ask(t, addr, "fine\n"); got != "fine\n" {
		t.Errorf("got %q afterwards", got)
	}
	if n := strings.Count(logs.String(), "out of descriptors"); n < 1 || n > 3 {
		t.Errorf("%d lines:\n%s", n, logs)
	}
}

// fill takes every descriptor that is left.
func fill(t *testing.T) (fds []int) {
	for {
		fd, err := syscall.Dup(2)
		if err == syscall.EMFILE {
			return fds
		}
		if err != nil {
			t.Fatal(err)
		}
		fds = append(fds, fd)
	}
}

// Descriptor 0 is one like any other.
func TestServer_DescriptorZero(t *testing.T) {
	if !isChild(t) {
		child(t, t.Name(), nil)
		return
	}
	fds := make(chan int, 1)
	h := func(ctx context.Context, s *stream.Stream) error {
		fds <- s.FD()
		return echo(ctx, s)
	}
	_, _, addr, _ := realServer(t, 1, tcp.ServerOptions{}, h)
	c, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	<-fds // the server has what it needs for itself
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	filler := fillHoles(t)
	syscall.Close(0)
	if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: portOf(addr), Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if got := <-fds; got != 0 && os.Getenv("EDDY_POLLER") != "net" {
		t.Errorf("the connection has descriptor %d: nothing is tested", got)
	}
	syscall.Write(fd, []byte("hey\n"))
	got := make([]byte, 4)
	if n, err := syscall.Read(fd, got); string(got[:n]) != "hey\n" {
		t.Errorf("got %q, %v", got[:n], err)
	}
	for _, fd := range filler {
		syscall.Close(fd)
	}
}

// fillHoles takes the free descriptors below the highest one that is in use.
func fillHoles(t *testing.T) (fds []int) {
	for {
		fd, err := syscall.Dup(2)
		if err != nil {
			t.Fatal(fmt.Errorf("dup: %w", err))
		}
		fds = append(fds, fd)
		if len(fds) > 64 {
			return fds
		}
	}
}
