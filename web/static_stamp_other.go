//go:build !linux && !openbsd && !dragonfly && !solaris && !illumos && !darwin && !ios && !freebsd && !netbsd && !windows

package web

import "io/fs"

func inodeOf(fs.FileInfo) (changed int64, inode uint64) { return 0, 0 }
