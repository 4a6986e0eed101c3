package httpclient

import (
	"fmt"
	"net"
	"strings"
	"syscall"
)

// through returns the Control function that lets a socket connect through a network interface only, nil
// if name is "". Unix sockets know none.
func through(name string) func(network, address string, c syscall.RawConn) error {
	if name == "" {
		return nil
	}
	return func(network, _ string, c syscall.RawConn) error {
		if !strings.HasPrefix(network, "tcp") {
			return nil
		}
		i, err := net.InterfaceByName(name)
		if err != nil {
			return err
		}
		control := c.Control(func(fd uintptr) { err = bindToInterface(fd, i, network == "tcp6") })
		if err == nil {
			err = control
		}
		if err != nil {
			return fmt.Errorf("interface %s: %w", name, err)
		}
		return nil
	}
}
