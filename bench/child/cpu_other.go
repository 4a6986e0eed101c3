//go:build !linux

package child

import (
	"fmt"
	"runtime"
)

func bind(int) (undo func(), err error) {
	return nil, fmt.Errorf("threads cannot be bound to one on %s, only on Linux", runtime.GOOS)
}
