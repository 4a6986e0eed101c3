//go:build !unix

package eddy_test

import "context"

// stopBySignal is nil: a process cannot send itself a signal here.
var stopBySignal func(context.CancelFunc)
