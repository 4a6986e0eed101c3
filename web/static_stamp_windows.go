package web

import (
	"io/fs"
	"syscall"
)

// inodeOf returns the time at which a file was created in place of its inode: a file that takes another's
// place mostly has one of its own. There is no time at which a file was changed.
func inodeOf(info fs.FileInfo) (changed int64, inode uint64) {
	attributes, ok := info.Sys().(*syscall.Win32FileAttributeData)
	if !ok {
		return 0, 0
	}
	return 0, uint64(attributes.CreationTime.Nanoseconds())
}
