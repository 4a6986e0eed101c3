//go:build linux || openbsd || dragonfly || solaris || illumos

package web

import (
	"io/fs"
	"syscall"
)

// inodeOf returns the time at which a file's inode was changed, and its number.
func inodeOf(info fs.FileInfo) (changed int64, inode uint64) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0
	}
	return st.Ctim.Nano(), st.Ino
}
