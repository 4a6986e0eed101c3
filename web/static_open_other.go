//go:build !unix

package web

import "os"

const openStatic = os.O_RDONLY
