package formdata

import (
	"errors"
	"fmt"
	"io"
)

var errReaderClosed = errors.New("formdata: read of a body that was closed")

// Reader returns the body from its beginning. What it reads is what was asked for and no more: it holds no
// buffer, and opens a file when the reading comes to it. Close it to close the file that is open; reading to the end
// or to an error does that, too. It fails with [ErrUsed] if an earlier reader has used up a file.
func (b *Builder) Reader() (io.ReadCloser, error) {
	for i := range b.parts {
		if c := b.parts[i].content; c != nil && c.used != nil && c.used.Load() {
			return nil, ErrUsed
		}
	}
	for i := range b.parts {
		if c := b.parts[i].content; c != nil && c.used != nil && c.used.Swap(true) {
			return nil, ErrUsed // the same content is in another form, or twice in this one
		}
	}
	return &sending{boundary: b.boundary, parts: b.parts[:len(b.parts):len(b.parts)]}, nil
}

// A sending reads a form for one request.
type sending struct {
	boundary string
	parts    []outgoing // that have not begun
	begun    bool       // some part has

	text    string    // what comes next, then content
	content io.Reader // nil if there is none
	left    int64     // of it; negative if nobody knows
	err     error     // what every further Read returns
}

// Read reads once from the content of at most one file.
func (s *sending) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	for n == 0 && s.err == nil {
		switch {
		case s.text != "":
			n = copy(p, s.text)
			s.text = s.text[n:]
		case s.content != nil:
			n, err = s.readContent(p)
			if err != nil {
				s.stop(err)
			} else if n == 0 && s.content != nil {
				return 0, nil // as the content's own Read
			}
		default:
			s.advance()
		}
	}
	if n > 0 {
		return n, nil
	}
	return 0, s.err
}

// readContent reads from the content, and lets go of it at its end.
func (s *sending) readContent(p []byte) (int, error) {
	if s.left >= 0 && int64(len(p)) > s.left {
		p = p[:s.left]
	}
	var n int
	var err error
	if len(p) > 0 {
		if n, err = s.content.Read(p); n < 0 || n > len(p) {
			return 0, errors.New("formdata: a content's Read returned a count that cannot be")
		}
	}
	if s.left > 0 {
		s.left -= int64(n)
	}
	switch {
	case s.left == 0, s.left < 0 && err == io.EOF:
		return n, s.closeContent()
	case err == io.EOF:
		return n, fmt.Errorf("formdata: a file has become shorter: %w", io.ErrUnexpectedEOF)
	}
	return n, err
}

// advance begins the next part, or the end.
func (s *sending) advance() {
	var lineEnd string
	if s.begun {
		lineEnd = "\r\n"
	}
	if s.boundary == "" {
		s.err = io.EOF
		return
	}
	if len(s.parts) == 0 {
		s.text = lineEnd + "--" + s.boundary + "--\r\n"
		s.boundary = ""
		return
	}
	part := &s.parts[0]
	s.parts, s.begun = s.parts[1:], true
	s.text = lineEnd + "--" + s.boundary + "\r\n" + part.head + part.value
	if part.content == nil {
		return
	}
	s.left = part.content.size
	var err error
	if s.content, err = part.content.open(); err != nil {
		s.content = nil
		s.stop(err)
	}
}

// closeContent closes the content if that was opened here: a file of a file system.
func (s *sending) closeContent() error {
	c, ok := s.content.(io.Closer)
	s.content = nil
	if ok {
		return c.Close()
	}
	return nil
}

func (s *sending) stop(err error) {
	s.err, s.text = err, ""
	s.closeContent()
}

// Close ends the reading.
func (s *sending) Close() error {
	if s.err == nil || s.err == io.EOF {
		s.err = errReaderClosed
	}
	s.text = ""
	return s.closeContent()
}
