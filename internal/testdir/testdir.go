// Package testdir makes directories for tests.
//
// Kind: for tests only.
package testdir

import (
	"os"
	"runtime"
	"testing"
)

// New returns a directory that is removed with what is in it when the test ends. On Windows that
// may fail: Wine before version 9 cannot remove files in the way that Go asks for.
func New(t testing.TB) string {
	t.Helper()
	if runtime.GOOS != "windows" {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp("", "eddy")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
