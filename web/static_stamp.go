package web

import (
	"io/fs"
	"time"
)

// A fileStamp changes when a file does.
type fileStamp struct {
	size     int64
	modified int64  // in nanoseconds; 0 for a file without times
	changed  int64  // the inode's own time, which nobody can set; 0 where there is none
	inode    uint64 // its number
}

// settleTime is how long a change may leave the times as they were: clocks of file systems tick, the
// coarsest (FAT) every two seconds.
const settleTime = 2 * time.Second

func stampOf(info fs.FileInfo) fileStamp {
	s := fileStamp{size: info.Size()}
	if modified := info.ModTime(); hasTime(modified) {
		s.modified = modified.UnixNano()
	}
	s.changed, s.inode = inodeOf(info)
	return s
}

// hasTime reports whether a file's time is one. Some file systems have none; builds that are to be
// reproducible set the first second of 1970, or the next.
func hasTime(t time.Time) bool { return !t.IsZero() && t.Unix() != 0 && t.Unix() != 1 }

// settled reports whether a later change would show. A time in the future is no clock's.
func (s fileStamp) settled(now time.Time) bool {
	latest := s.changed
	if latest == 0 {
		latest = s.modified
	}
	age := now.Sub(time.Unix(0, latest))
	return latest == 0 || age > settleTime || age < -settleTime
}
