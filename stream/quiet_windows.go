package stream

import "syscall"

// everyday are the errors of connections whose peer is gone: by the numbers that package poll
// gives them, and by those of the system, which come in errors of package net.
var everyday = []error{
	syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE, syscall.ETIMEDOUT, syscall.ENOTCONN,
	syscall.WSAECONNRESET, syscall.WSAECONNABORTED,
	syscall.Errno(10057), // WSAENOTCONN
	syscall.Errno(10058), // WSAESHUTDOWN
	syscall.Errno(10060), // WSAETIMEDOUT
	syscall.ERROR_BROKEN_PIPE, syscall.ERROR_NETNAME_DELETED,
}
