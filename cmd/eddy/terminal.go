package main

import (
	"io"
	"os"
)

// isTerminal reports whether somebody looks at w. A device that is not the null device is a
// terminal for all that matters here.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// usualColumns is how wide a terminal is that does not say.
const usualColumns = 80

// columns returns how wide the terminal is that w writes to.
func columns(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if n := windowColumns(f); n > 0 {
			return n
		}
	}
	return usualColumns
}
