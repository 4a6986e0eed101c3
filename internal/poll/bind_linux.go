package poll

import "golang.org/x/sys/unix"

// bindAddressOnly leaves the choice of the port to connect: bind would choose one that no
// other connection has, and these run out, while connect needs only that no other one to
// the same peer has it.
func bindAddressOnly(fd int) {
	unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
}
