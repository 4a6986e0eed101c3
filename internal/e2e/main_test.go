// Package e2e_test tests the examples with real browsers. It is a module of its own, so that
// the framework does not depend on what drives them.
package e2e_test

import (
	"testing"

	"eddy/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }
