//go:build !unix

package main

import "os"

// windowColumns returns 0: not known.
func windowColumns(*os.File) int { return 0 }
