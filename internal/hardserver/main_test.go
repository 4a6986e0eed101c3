package hardserver_test

import (
	"io"
	"log"
	"testing"

	"eddy/internal/leaktest"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // net/http says what it thinks of the servers
	leaktest.Main(m)
}
