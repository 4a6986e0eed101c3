//go:build !unix

package tcp

// FromSystemd returns none: there is no systemd here.
func FromSystemd() ([]*Listener, error) { return nil, nil }
