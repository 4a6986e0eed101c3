package compress_test

import (
	"testing"

	"eddy/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }
