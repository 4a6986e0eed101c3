package poll

// NewNetPoller is the poller that every system has, and these are its bounds.
var NewNetPoller = newNetPoller

const (
	ReadAhead   = readAhead
	WriteBehind = writeBehind
	AcceptAhead = acceptAhead
	Lingering   = lingering
)
