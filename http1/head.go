package http1

import (
	"bytes"

	"eddy/httputil"
)

// maxEmptyLines is how many empty lines may precede a message. Old clients send one after
// a body (RFC 9112 §2.2).
const maxEmptyLines = 4

// headScan looks for the end of a head by jumping from LF to LF, which finds lines that
// lack their CR on the way. It does no more: a head is mostly there in one piece, and
// parsing it once is cheaper than parsing as it comes.
type headScan struct {
	scanned uint32 // bytes that were searched
	start   uint8  // bytes of empty lines before the start line
	lined   bool   // the end of the start line was seen
}

// find returns the length of the head in p, or 0 if it goes on beyond p. started says
// whether a message can begin with this byte, folding whether fields may be folded.
func (s *headScan) find(p []byte, lim *Limits, started func(byte) bool, folding bool) (int, *Error) {
	within := p[:min(len(p), lim.HeaderBytes)]
	for i := int(s.scanned); ; {
		j := bytes.IndexByte(within[i:], '\n')
		if j < 0 {
			return 0, s.wait(p, within, lim, started, folding)
		}
		j += i
		if j == 0 || within[j-1] != '\r' {
			return 0, errBareLF
		}
		if s.lined && within[j-2] == '\n' {
			*s = headScan{}
			return j + 1, nil
		}
		if !s.lined {
			if err := s.firstLine(j-1, lim); err != nil {
				return 0, err
			}
		}
		i = j + 1
	}
}

// firstLine takes the line that ends at end if it is empty or the start line.
func (s *headScan) firstLine(end int, lim *Limits) *Error {
	line := end - int(s.start)
	switch {
	case line == 0 && s.start == 2*maxEmptyLines:
		return errEmptyLines
	case line == 0:
		s.start += 2
	case line > lim.RequestLine:
		return errStartLong
	default:
		s.lined = true
	}
	return nil
}

// wait remembers how far the search went, and refuses at once what more bytes cannot
// make good: the peer may speak another protocol, and wait for us.
func (s *headScan) wait(p, within []byte, lim *Limits, started func(byte) bool, folding bool) *Error {
	if first := int(s.start); first < len(within) {
		if c := within[first]; c != '\r' && !started(c) {
			return errStartByte
		}
	}
	for i := int(s.scanned); i < len(within); i++ {
		if classes[within[i]]&classHead == 0 {
			return errControl
		}
		if i == 0 {
			continue
		}
		if within[i-1] == '\r' && within[i] != '\n' {
			return errBareCR
		}
		if !folding && within[i-1] == '\n' && (within[i] == ' ' || within[i] == '\t') {
			return errFolded
		}
	}
	if !s.lined && len(within)-int(s.start) >= lim.RequestLine+2 {
		return errStartLong
	}
	if len(p) >= lim.HeaderBytes {
		return errHeadLong
	}
	s.scanned = uint32(len(within))
	return nil
}

// skipEmptyLines returns where the start line begins.
func skipEmptyLines(head string) int {
	i := 0
	for i+1 < len(head) && head[i] == '\r' && head[i+1] == '\n' {
		i += 2
	}
	return i
}

// parseVersion recognises "HTTP/d.d". A minor version beyond 1 is 1.1 with additions that
// may be ignored (RFC 9110 §2.5).
func parseVersion(s string) (string, *Error) {
	switch {
	case s == httputil.HTTP11:
		return httputil.HTTP11, nil
	case s == httputil.HTTP10:
		return httputil.HTTP10, nil
	case len(s) != 8 || s[:5] != "HTTP/" || s[6] != '.' || !isDigit(s[5]) || !isDigit(s[7]):
		return "", errVersion
	case s[5] != '1':
		return "", errMajor
	}
	return httputil.HTTP11, nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
