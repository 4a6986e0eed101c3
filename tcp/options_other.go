//go:build !unix

package tcp

import "syscall"

// setOptions does nothing: package net sets the options of each connection it accepts.
func setOptions(_, _ string, _ syscall.RawConn) error { return nil }
