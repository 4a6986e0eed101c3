package polltest

import (
	"syscall"
	"testing"
)

// resets is whether closing a socket with unread bytes resets the connection.
const resets = false

// hidesResets is whether the system reports a reset as the end of input, as Wine does.
var hidesResets = syscall.NewLazyDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil

// runSystem has nothing to add where descriptors are not the system's.
func runSystem(*testing.T, Kind) {}
