//go:build !unix || solaris

package tcp

// reusePort is an option that the system does not have.
const reusePort = 0
