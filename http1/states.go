package http1

// This file is where a message may stand and what may happen to it there, for both sides
// and both directions. The readers and encoders take no step that is not in one of the
// four tables; README.md draws them, and a test holds the drawings against the tables.

// state is where the receiving or the sending of a message stands.
type state uint8

// event is what happens to a message.
type event uint8

// machine says which state follows when an event meets a state. Entries that are left
// out are 0 and mean that this cannot be: nothing leads back to the state that everything
// begins in, which is 0, too.
type machine [states][events]state

// The states of receiving.
const (
	fresh       state = iota // no message yet
	awaiting                 // a client's: the request is under way, the final head is to come
	bodyLength               // the next byte is one of left bytes of the body
	bodyClose                // one of the bytes until the connection ends
	chunkSize                // the first of a chunk-size line
	chunkData                // one of left bytes of a chunk
	chunkEnd                 // the CR behind a chunk
	bodyTrailer              // the first of a trailer line
	over                     // not of this message, which is complete; another one may follow
	last                     // the same, and none may follow
	tunnel                   // not HTTP/1: the connection was handed to another protocol
	failed                   // unknown: the peer broke the protocol

	states = 16 // room for all, and a power of two: a row is found by a shift
)

// The states of sending.
const (
	unsent        state = iota // nothing was sent yet
	informed                   // interim heads were
	sendNone                   // the message has no body
	sendLength                 // its body has an announced length
	sendChunked                // its body goes in chunks
	sendClose                  // its body ends with the connection
	sendSwitch                 // its head hands the connection to another protocol
	sent                       // complete; another message may follow
	sentLast                   // complete, or cut short; none may follow
	sentSwitching              // complete; the connection is another protocol's
)

const (
	onStart    event = iota // a client has sent a request
	onInterim               // the head of a 1xx that is not final
	onNone                  // a head without a body
	onLength                // a head with Content-Length
	onChunked               // a head with chunked
	onClose                 // a head whose body ends with the connection
	onSwitch                // the connection is handed over: 101, or a 2xx to CONNECT
	onSize                  // the line with the size of a chunk
	onLastSize              // the line with the size 0
	onData                  // the last byte of a chunk; in sending, any part of a body
	onCRLF                  // the line end behind a chunk
	onField                 // a trailer field
	onEnd                   // the end of a message that another one may follow
	onLast                  // the end of the last message
	onFault                 // the peer broke the protocol

	events = 16 // likewise
)

// The chunked coding is the same for both sides (RFC 9112 §7.1).
var (
	inSize    = [events]state{onSize: chunkData, onLastSize: bodyTrailer, onFault: failed}
	inEnd     = [events]state{onCRLF: chunkSize, onFault: failed}
	inTrailer = [events]state{onField: bodyTrailer, onEnd: over, onLast: last, onFault: failed}
)

// A request without a body ends with its head. One that arrived in whole may be answered by
// a hand-over; so may none at all, when the first bytes are those of another protocol.
var inRequest = [events]state{
	onLength: bodyLength, onChunked: chunkSize, onEnd: over, onLast: last, onSwitch: tunnel, onFault: failed,
}

// requestStates is a server's receiving.
var requestStates = machine{
	fresh:       inRequest,
	over:        inRequest,
	last:        {onSwitch: tunnel},
	bodyLength:  {onEnd: over, onLast: last},
	chunkSize:   inSize,
	chunkData:   {onData: chunkEnd},
	chunkEnd:    inEnd,
	bodyTrailer: inTrailer,
}

// responseStates is a client's receiving. Here the end of the connection counts, too: it is
// onLast where that is in order and onFault where it cuts a message (RFC 9112 §8).
var responseStates = machine{
	fresh: {onStart: awaiting, onLast: last},
	over:  {onStart: awaiting, onLast: last},
	awaiting: {
		onInterim: awaiting, onLength: bodyLength, onChunked: chunkSize, onClose: bodyClose,
		onEnd: over, onLast: last, onSwitch: tunnel, onFault: failed,
	},
	bodyLength:  {onEnd: over, onLast: last, onFault: failed},
	bodyClose:   {onLast: last, onFault: failed},
	chunkSize:   inSize,
	chunkData:   {onData: chunkEnd, onFault: failed},
	chunkEnd:    inEnd,
	bodyTrailer: inTrailer,
}

// side is whose half of a connection sends.
type side uint8

const (
	clientSide side = iota
	serverSide
)

// sendStates is the sending of both sides. That a body stays behind its announced length
// makes the message the last one; so does a head that says so. Clients of HTTP/1.0, for
// whom a body may end with the connection, are sent no interim heads.
var sendStates = [...]machine{
	clientSide: {
		unsent:      {onNone: sendNone, onLength: sendLength, onChunked: sendChunked},
		sendNone:    {onData: sendNone, onEnd: sent, onLast: sentLast},
		sendLength:  {onData: sendLength, onEnd: sent, onLast: sentLast},
		sendChunked: {onData: sendChunked, onEnd: sent, onLast: sentLast},
	},
	serverSide: {
		unsent: {
			onInterim: informed, onNone: sendNone, onLength: sendLength, onChunked: sendChunked,
			onClose: sendClose, onSwitch: sendSwitch,
		},
		informed: {
			onInterim: informed, onNone: sendNone, onLength: sendLength, onChunked: sendChunked, onSwitch: sendSwitch,
		},
		sendNone:    {onData: sendNone, onEnd: sent, onLast: sentLast},
		sendLength:  {onData: sendLength, onEnd: sent, onLast: sentLast},
		sendChunked: {onData: sendChunked, onEnd: sent, onLast: sentLast},
		sendClose:   {onData: sendClose, onLast: sentLast},
		sendSwitch:  {onData: sendSwitch, onSwitch: sentSwitching},
	},
}
