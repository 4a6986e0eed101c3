//go:build unix && !freebsd && !solaris

package tcp

import "golang.org/x/sys/unix"

const reusePort = unix.SO_REUSEPORT
