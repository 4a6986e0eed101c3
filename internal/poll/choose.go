package poll

import (
	"fmt"
	"os"
	"strings"
)

// variable is the environment variable that chooses the poller of a process.
const variable = "EDDY_POLLER"

// A kind is one way to wait. Each system has a list of those that it can do, best first.
type kind struct {
	name string
	open func() (Poller, error)
}

// New returns the poller that the environment variable EDDY_POLLER names, or the best one
// of this system if that is not set. A name that this system does not have is an error.
// Any goroutine.
func New() (Poller, error) {
	name := os.Getenv(variable)
	if name == "" {
		return kinds[0].open()
	}
	for _, k := range kinds {
		if k.name == name {
			return k.open()
		}
	}
	return nil, fmt.Errorf("poll: %s=%q: this system has %s", variable, name, strings.Join(Names(), ", "))
}

// Names returns the names of the pollers that this system has, best first. Any goroutine.
func Names() []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return names
}
