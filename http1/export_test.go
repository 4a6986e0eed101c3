package http1

// Machine is one of the tables with the names that the documents use.
type Machine struct {
	Name   string
	Table  *machine
	States []string // by number; all that it may be in
	Events []string // by number, and by what the caller or the peer does
}

// Machines are the tables of states, a server's first.
var Machines = []Machine{
	{"RequestReader", &requestStates, receiving, received},
	{"ResponseReader", &responseStates, receiving, received},
	{"ResponseEncoder", &sendStates[serverSide], sending, sends},
	{"RequestEncoder", &sendStates[clientSide], sending, sends},
}

var receiving = []string{
	fresh: "fresh", awaiting: "awaiting", bodyLength: "bodyLength", bodyClose: "bodyClose", chunkSize: "chunkSize",
	chunkData: "chunkData", chunkEnd: "chunkEnd", bodyTrailer: "bodyTrailer", over: "over", last: "last",
	tunnel: "tunnel", failed: "failed",
}

var sending = []string{
	unsent: "unsent", informed: "informed", sendNone: "sendNone", sendLength: "sendLength", sendChunked: "sendChunked",
	sendClose: "sendClose", sendSwitch: "sendSwitch", sent: "sent", sentLast: "sentLast", sentSwitching: "sentSwitching",
}

var received = []string{
	onStart: "Start", onInterim: "1xx", onNone: "no body", onLength: "head with Content-Length",
	onChunked: "head with chunked", onClose: "head without length", onSwitch: "hand-over", onSize: "size",
	onLastSize: "size 0", onData: "last byte", onCRLF: "CRLF", onField: "field", onEnd: "end, kept alive",
	onLast: "end, closing", onFault: "fault",
}

var sends = []string{
	onStart: "", onInterim: "1xx", onNone: "head without body", onLength: "head with Content-Length",
	onChunked: "head with chunked", onClose: "head for HTTP/1.0 without length", onSwitch: "hand-over", onSize: "",
	onLastSize: "", onData: "AppendBody", onCRLF: "", onField: "", onEnd: "AppendEnd", onLast: "AppendEnd, closing",
	onFault: "",
}

// Faults are all errors of the package.
func Faults() []*Error { return faults }

// Fresh reports whether no step was taken yet, which nothing leads back to.
func (r *RequestReader) Fresh() bool  { return r.msg.state == fresh }
func (r *ResponseReader) Fresh() bool { return r.msg.state == fresh }
