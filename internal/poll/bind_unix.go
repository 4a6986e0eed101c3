//go:build unix && !linux

package poll

// bindAddressOnly does nothing: only Linux can leave the choice of the port to connect.
func bindAddressOnly(int) {}
