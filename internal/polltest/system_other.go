//go:build !unix

package polltest

import "testing"

// resets is whether closing a socket with unread bytes resets the connection.
const resets = false

// runSystem has nothing to add where descriptors are not the system's.
func runSystem(*testing.T, Kind) {}
