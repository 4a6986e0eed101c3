//go:build !unix

package main

// trimOnSignal does nothing: there is no such signal here.
func trimOnSignal() {}
