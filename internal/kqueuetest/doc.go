// Package kqueuetest runs the tests of internal/poll's kqueue over libkqueue, which offers
// the BSDs' system calls on Linux.
//
// Kind: test support. It stands in a module of its own because it needs cgo and that
// library, and is empty without the build tag libkqueue:
//
//	go -C internal/kqueuetest test -tags libkqueue ./...
package kqueuetest
