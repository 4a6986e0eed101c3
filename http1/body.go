package http1

import "eddy/httputil"

// incoming is where the receiving of a message stands. Idle connections hold one, so it
// is small and holds no pointers: its owner brings the table of its side.
type incoming struct {
	left   int64  // bytes to come of the body or of the chunk
	total  int64  // bytes of the body that were announced, or that came
	excess uint32 // bytes of chunk extensions beyond their due, then of trailer fields
	count  uint16 // trailer fields, or before the final head interim ones; failed: which fault
	state  state
	flags  flags
}

// flags are what the head said, for as long as the message lasts.
type flags uint8

const (
	flagKeepAlive flags = 1 << iota
	flagExpect          // the client waits for a 100
	flagUnknown         // the client expects what is not known here
	flagHEAD            // the request was a HEAD
	flagCONNECT         // the request was a CONNECT
)

// takesHead reports whether a head is what comes next. A head is what could begin a
// chunked body; in states that await none, nothing can.
func (m *incoming) takesHead(t *machine) bool { return t[m.state][onChunked] != 0 }

// complete reports whether nothing of the message is to come.
func (m *incoming) complete() bool { return over <= m.state && m.state <= tunnel }

// fail notes the peer's fault, which is the answer to everything from then on.
func (m *incoming) fail(t *machine, fault *Error) *Error {
	m.state = t[m.state][onFault]
	m.count = uint16(fault.number)
	m.flags &^= flagKeepAlive
	return fault
}

// misuse says why what the caller asked for cannot be in the present state.
func (m *incoming) misuse() *Error {
	switch m.state {
	case failed:
		return faults[m.count]
	case tunnel:
		return errLocalTunnel
	case last:
		return errLocalLast
	case fresh, over, awaiting:
		return errLocalNoHead
	}
	return errLocalBody
}

// begin readies the reader for what follows a final head: length bytes, or chunks if length
// is negative.
func (m *incoming) begin(t *machine, length int64) {
	m.left, m.total, m.excess, m.count = max(length, 0), 0, 0, 0
	switch {
	case length < 0:
		m.state = t[m.state][onChunked]
	case length > 0:
		m.state = t[m.state][onLength]
	default:
		m.end(t)
	}
}

// end ends the message.
func (m *incoming) end(t *machine) {
	if m.flags&flagKeepAlive != 0 {
		m.state = t[m.state][onEnd]
	} else {
		m.state = t[m.state][onLast]
	}
}

// read is ReadBody of both readers.
func (m *incoming) read(t *machine, p []byte, most int, lim *Limits, trailer *httputil.Header) (data []byte, n int, done bool, err *Error) {
	switch m.state {
	case bodyLength:
		n = int(min(int64(len(p)), int64(most), m.left))
		if m.left -= int64(n); m.left == 0 {
			m.end(t)
		}
		return p[:n:n], n, m.complete(), nil
	case bodyClose:
		n = min(len(p), most)
		if lim.Body >= 0 {
			n = int(min(int64(n), lim.Body-m.total))
		}
		if n <= 0 && len(p) > 0 && most > 0 {
			return nil, 0, false, m.fail(t, errBodyLarge)
		}
		m.total += int64(n)
		return p[:n:n], n, false, nil
	case chunkSize, chunkData, chunkEnd, bodyTrailer:
		return m.readChunks(t, p, most, lim, trailer)
	case over, last, tunnel:
		return nil, 0, true, nil
	}
	return nil, 0, false, m.misuse()
}

// readChunks takes the data of one chunk and the framing on both sides of it, so that a
// small body that is there as a whole takes one call.
func (m *incoming) readChunks(t *machine, p []byte, most int, lim *Limits, trailer *httputil.Header) (data []byte, n int, done bool, err *Error) {
	for n < len(p) && !m.complete() {
		if m.state == chunkData {
			if data != nil {
				break
			}
			k := int(min(int64(len(p)-n), int64(most), m.left))
			data = p[n : n+k : n+k]
			n += k
			if m.left -= int64(k); m.left == 0 {
				m.state = t[chunkData][onData]
			}
			continue
		}
		k, err := m.readFraming(t, p[n:], lim, trailer)
		if err != nil && data != nil {
			break // the next call finds it again: the data before it is good
		}
		if err != nil {
			return nil, n, false, m.fail(t, err)
		}
		if k == 0 {
			break
		}
		n += k
	}
	return data, n, m.complete(), nil
}
