//go:build unix && !darwin && !openbsd

package tcp

import (
	"time"

	"golang.org/x/sys/unix"
)

var keepAliveOptions = map[int]time.Duration{
	unix.TCP_KEEPIDLE:  keepAliveIdle,
	unix.TCP_KEEPINTVL: keepAliveInterval,
}
