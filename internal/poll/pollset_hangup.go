//go:build freebsd || linux

package poll

import "golang.org/x/sys/unix"

type pollBits = int16

const pollHangup pollBits = unix.POLLRDHUP
