//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package poll

var kinds = []kind{{"kqueue", newKqueue}, {"poll", newPollSet}, {"net", newNetPoller}}
