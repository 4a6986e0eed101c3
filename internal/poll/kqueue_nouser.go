//go:build netbsd || openbsd

package poll

import "golang.org/x/sys/unix"

// NetBSD has a user filter since version 10 only, OpenBSD has none.

func (q *systemQueue) setWake() error { return unix.ENOTSUP }

func (q *systemQueue) Trigger() error { return unix.ENOTSUP }
