//go:build !linux && !darwin

package httpclient

import (
	"errors"
	"net"
)

func bindToInterface(uintptr, *net.Interface, bool) error { return errors.ErrUnsupported }
