package http1

import "eddy/httputil"

// bodyState says what the next byte of a message is. See README.md for the table.
type bodyState uint8

const (
	bodyDone    bodyState = iota // none: the message is over, or has not begun
	bodyLength                   // one of left bytes
	bodyClose                    // one of the bytes until the connection ends
	chunkSize                    // the first of a chunk-size line
	chunkData                    // one of left bytes of a chunk
	chunkEnd                     // the CR behind a chunk
	bodyTrailer                  // the first of a trailer line
)

// incoming is where the reading of a message stands. Idle connections hold one, so it
// is small and holds no pointers.
type incoming struct {
	left   int64  // bytes to come of the body or of the chunk
	total  int64  // bytes of the body that were announced, or that came
	excess uint32 // bytes of chunk extensions beyond their due, then of trailer fields
	fields uint16 // trailer fields
	state  bodyState
	flags  flags
}

// flags are what the head said, for as long as the message lasts.
type flags uint8

const (
	flagKeepAlive flags = 1 << iota
	flagExpect          // the client waits for a 100
	flagHEAD            // the request was a HEAD
	flagCONNECT         // the request was a CONNECT
	flagAwaiting        // the final head has not come
	flagTunnel          // what follows is not HTTP/1
	flagUnknown         // the client expects what we do not know
)

// begin readies the reader for a body: length bytes, or chunks if length is negative.
func (m *incoming) begin(length int64) {
	m.left, m.total, m.excess, m.fields = length, 0, 0, 0
	switch {
	case length < 0:
		m.left, m.state = 0, chunkSize
	case length == 0:
		m.state = bodyDone
	default:
		m.state = bodyLength
	}
}

// read is ReadBody of both readers.
func (m *incoming) read(p []byte, most int, lim *Limits, trailer *httputil.Header) (data []byte, n int, done bool, err *Error) {
	switch m.state {
	case bodyDone:
		return nil, 0, true, nil
	case bodyLength:
		n = int(min(int64(len(p)), int64(most), m.left))
		if m.left -= int64(n); m.left == 0 {
			m.state = bodyDone
		}
		return p[:n:n], n, m.state == bodyDone, nil
	case bodyClose:
		n = min(len(p), most)
		if lim.Body >= 0 {
			n = int(min(int64(n), lim.Body-m.total))
		}
		if n <= 0 && len(p) > 0 && most > 0 {
			return nil, 0, false, errBodyLarge
		}
		m.total += int64(n)
		return p[:n:n], n, false, nil
	}
	return m.readChunks(p, most, lim, trailer)
}

// readChunks takes the data of one chunk and the framing on both sides of it, so that a
// small body that is there as a whole takes one call.
func (m *incoming) readChunks(p []byte, most int, lim *Limits, trailer *httputil.Header) (data []byte, n int, done bool, err *Error) {
	for n < len(p) && m.state != bodyDone {
		if m.state == chunkData {
			if data != nil {
				break
			}
			k := int(min(int64(len(p)-n), int64(most), m.left))
			data = p[n : n+k : n+k]
			n += k
			if m.left -= int64(k); m.left == 0 {
				m.state = chunkEnd
			}
			continue
		}
		k, err := m.readFraming(p[n:], lim, trailer)
		if err != nil && data != nil {
			break // the next call finds it again: the data before it is good
		}
		if err != nil {
			return nil, n, false, err
		}
		if k == 0 {
			break
		}
		n += k
	}
	return data, n, m.state == bodyDone, nil
}
