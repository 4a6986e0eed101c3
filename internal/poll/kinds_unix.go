//go:build unix && !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package poll

var kinds = []kind{{"poll", newPollSet}, {"net", newNetPoller}}
