package tcp

// Interleave and AsciiHost are pure, and tested by themselves.
var (
	Interleave = interleave
	AsciiHost  = asciiHost
)

// The bounds of a dial.
const (
	AttemptDelay  = attemptDelay
	MostAttempts  = mostAttempts
	MostPerFamily = mostPerFamily
	BusyPause     = busyPause
)
