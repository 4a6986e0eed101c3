package poll

import "syscall"

// normal returns the number by which the rest of the code knows an error of Windows.
func normal(errno syscall.Errno) syscall.Errno {
	switch errno {
	case 64, 10053, syscall.WSAECONNRESET: // ERROR_NETNAME_DELETED, WSAECONNABORTED
		return syscall.ECONNRESET
	case 109, 10058: // ERROR_BROKEN_PIPE, WSAESHUTDOWN
		return syscall.EPIPE
	case 10024: // WSAEMFILE
		return syscall.EMFILE
	case 10048: // WSAEADDRINUSE
		return syscall.EADDRINUSE
	case 10049: // WSAEADDRNOTAVAIL
		return syscall.EADDRNOTAVAIL
	case 10051: // WSAENETUNREACH
		return syscall.ENETUNREACH
	case 10055: // WSAENOBUFS
		return syscall.ENOBUFS
	case 10057: // WSAENOTCONN
		return syscall.ENOTCONN
	case 10060: // WSAETIMEDOUT
		return syscall.ETIMEDOUT
	case 10061: // WSAECONNREFUSED
		return syscall.ECONNREFUSED
	case 10065: // WSAEHOSTUNREACH
		return syscall.EHOSTUNREACH
	}
	return errno
}
