package http1

import "eddy/httputil"

// trailing reports whether a trailer may have a field of this name. Those that say how
// the message is framed, where it goes, what becomes of the connection, or what the peer
// shall do before the body, come too late there and can only be meant for a parser that
// merges them (RFC 9110 §6.5.1). All others stay apart from the header, in Request.Trailer,
// so that nobody takes them for one of its fields unknowingly.
func trailing(name string) bool {
	switch kindOf(name) {
	case fieldContentLength, fieldTransferEncoding, fieldDisguised, fieldHost, fieldConnection, fieldKeepAlive, fieldExpect:
		return false
	}
	return !isFold(name, "trailer") && !isFold(name, "te") && !isFold(name, "upgrade")
}

// readTrailer takes a trailer line (RFC 9112 §7.1.2).
func (m *incoming) readTrailer(t *machine, line []byte, lim *Limits, trailer *httputil.Header) *Error {
	if len(line) == 2 {
		m.end(t)
		return nil
	}
	if int(m.count) == lim.HeaderFields {
		return errManyFields
	}
	if int(m.excess)+len(line) > lim.TrailerBytes {
		return errTrailerLong
	}
	// The copy is made for a trailer that is dropped, too: there is one way to check it.
	name, value, _, err := parseField(string(line), 0)
	if err != nil {
		return err
	}
	if !trailing(name) {
		return errTrailerField
	}
	m.excess += uint32(len(line))
	m.count++
	m.state = t[bodyTrailer][onField]
	if trailer != nil {
		trailer.Append(name, value)
	}
	return nil
}

// appendTrailer leaves out what has no place in a trailer.
func appendTrailer(dst []byte, trailer *httputil.Header) []byte {
	fields := trailer.Fields()
	for i := range fields {
		if f := &fields[i]; trailing(f.Name) {
			dst = appendField(dst, f.Name, f.Value)
		}
	}
	return dst
}
