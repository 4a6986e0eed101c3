//go:build !unix

package stream

import (
	"errors"
	"os"
)

// directions fails: only the net poller is there, which cannot wait for files.
func directions(*os.File) (reads, writes bool, err error) {
	return false, false, errors.ErrUnsupported
}
