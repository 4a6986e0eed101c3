//go:build unix

package tcp

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// firstPassed is the descriptor that systemd's come after standard error.
const firstPassed = 3

// FromSystemd returns the sockets that the process was started with by systemd's socket
// activation, in their order and with their names, or none if there are none. The variables
// that tell of them (LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES) are removed, so that no child
// takes them for its own, and a second call returns none. If one is not a listening stream
// socket, the error says which: it is left alone, and the others are closed. Call it early in
// main, before children are started.
func FromSystemd() ([]*Listener, error) {
	pid, count, names := os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS"), os.Getenv("LISTEN_FDNAMES")
	for _, v := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		os.Unsetenv(v)
	}
	if pid != strconv.Itoa(os.Getpid()) {
		return nil, nil
	}
	n, err := strconv.ParseUint(count, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("tcp: LISTEN_FDS=%q is not a number of sockets", count)
	}
	return fromDescriptors(int(n), strings.Split(names, ":"))
}

func fromDescriptors(n int, names []string) (all []*Listener, err error) {
	for i := range n {
		l, e := fromDescriptor(firstPassed + i)
		if e != nil {
			if err == nil {
				err = e
			}
			continue
		}
		if i < len(names) {
			l.name = names[i]
		}
		all = append(all, l)
	}
	if err != nil {
		for _, l := range all {
			l.Close()
		}
		return nil, err
	}
	return all, nil
}

// fromDescriptor looks at a duplicate first: a number that is too high must not close what
// belongs to others.
func fromDescriptor(fd int) (*Listener, error) {
	dup, err := syscall.Dup(fd)
	if err != nil {
		return nil, fmt.Errorf("tcp: descriptor %d: %w", fd, err)
	}
	f := os.NewFile(uintptr(dup), "descriptor "+strconv.Itoa(fd))
	defer f.Close()
	l, err := FromFile(f)
	if err == nil {
		syscall.Close(fd)
	}
	return l, err
}
