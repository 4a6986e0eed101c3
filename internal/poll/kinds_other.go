//go:build !unix

package poll

var kinds = []kind{{"net", newNetPoller}}
