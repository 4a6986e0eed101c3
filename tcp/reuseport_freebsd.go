package tcp

import "golang.org/x/sys/unix"

// reusePort is the option that spreads connections; SO_REUSEPORT gives all to one socket.
const reusePort = unix.SO_REUSEPORT_LB
