//go:build !windows

package tcp

import "syscall"

// setDialOptions sets on a connection what accepted ones inherit.
func setDialOptions(_, _ string, c syscall.RawConn) error { return c.Control(setOptions) }
