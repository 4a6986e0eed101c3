//go:build !windows

package tcp

import "syscall"

// setDialOptions sets on a connection what accepted ones inherit.
func setDialOptions(network, address string, c syscall.RawConn) error {
	return setOptions(network, address, c)
}
