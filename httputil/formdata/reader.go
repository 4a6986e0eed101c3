package formdata

import (
	"bytes"
	"io"

	"eddy/httputil"
)

// bufferSize is the least size of a reader's buffer.
const bufferSize = 16 << 10

// A Reader reads the parts of a multipart/form-data body one after the other.
type Reader struct {
	src    io.Reader
	o      Options
	srcErr error // what src ended with

	// delim is CR LF "--" and the boundary. The CR LF belongs to it, not to the part before.
	delim []byte

	// buf[start:end] is what was read and not yet used. Of it, safe bytes are known to be content of
	// the part, and atDelim says that the next delimiter follows them: nothing is searched twice.
	buf        []byte
	start, end int
	safe       int
	atDelim    bool

	part  *Part
	parts int
	err   error // what ended the reading; io.EOF after the last boundary
}

// NewReader returns a reader of the parts of body, whose header is the request's: of that it takes
// Content-Type, which must be multipart/form-data with a boundary, and Content-Encoding, which must
// not be there. It fails with an [*Error], [ErrNotForm] for other types, before it reads anything.
func NewReader(body io.Reader, header *httputil.Header, o Options) (*Reader, error) {
	kind, boundary, err := formType(header)
	if err != nil {
		return nil, err
	}
	if kind != multipartType {
		return nil, ErrNotForm
	}
	return newReader(body, boundary, o.filled()), nil
}

func newReader(body io.Reader, boundary string, o Options) *Reader {
	return &Reader{src: body, o: o, delim: []byte("\r\n--" + boundary)}
}

// Next returns the next part, and skips what was left unread of the one before, which cannot be
// read any longer. After the last boundary it returns io.EOF; what follows that boundary does not
// count and stays unread. Every error is final.
func (r *Reader) Next() (*Part, error) {
	part, err := r.next()
	if err != nil {
		r.part, r.err = nil, err
		return nil, err
	}
	r.part = part
	return part, nil
}

func (r *Reader) next() (*Part, error) {
	if r.err != nil {
		return nil, r.err
	}
	if r.part == nil {
		if err := r.begin(); err != nil {
			return nil, err
		}
	} else if err := r.part.skip(); err != nil {
		return nil, err
	}
	r.part = nil
	last, err := r.delimiter()
	switch {
	case err != nil:
		return nil, err
	case last:
		return nil, io.EOF
	}
	if r.parts++; r.parts > r.o.Parts {
		return nil, errParts
	}
	head, err := r.head()
	if err != nil {
		return nil, err
	}
	return newPart(r, head)
}

// begin makes the first boundary look like the others: a CR LF goes before it. Some clients send one.
func (r *Reader) begin() error {
	r.buf = make([]byte, max(bufferSize, r.o.PartHead+64))
	r.end = copy(r.buf, "\r\n")
	if err := r.need(len(r.delim)); err != nil {
		return err
	}
	if r.unread()[2] == '\r' {
		r.start += 2
		if err := r.need(len(r.delim)); err != nil {
			return err
		}
	}
	if !bytes.HasPrefix(r.unread(), r.delim) {
		return errStart
	}
	return nil
}

// delimiter reads the delimiter that comes next, up to the CR LF that ends its line, and reports
// whether it is the last one.
func (r *Reader) delimiter() (last bool, err error) {
	r.use(len(r.delim))
	r.safe, r.atDelim = 0, false
	if err := r.need(2); err != nil {
		return false, err
	}
	if b := r.unread(); b[0] == '-' && b[1] == '-' {
		last = true
		r.use(2)
	}
	// Transport padding (RFC 2046 §5.1.1): nobody sends it, everybody must take it.
	for {
		err := r.need(1)
		if err == nil && (r.unread()[0] == ' ' || r.unread()[0] == '\t') {
			r.use(1)
			continue
		}
		if err == errTruncated && last {
			return true, nil
		}
		if err == nil {
			err = r.need(2)
		}
		if err != nil {
			return false, err
		}
		if b := r.unread(); b[0] != '\r' || b[1] != '\n' {
			return false, errDelimiter
		}
		return last, nil
	}
}

// head returns the header block of a part, whose fields end with CR LF each. It begins at the CR LF
// of the delimiter's line.
func (r *Reader) head() (string, error) {
	for from := 0; ; {
		b := r.unread()
		if i := bytes.Index(b[from:], []byte("\r\n\r\n")); i >= 0 {
			i += from
			if i-2 > r.o.PartHead {
				return "", errHeadSize
			}
			block := string(b[min(2, i) : i+2])
			r.use(i + 2)
			return block, r.blankLine()
		}
		if len(b) > r.o.PartHead+5 { // with the line end before it, and the most that may be seen of its own
			return "", errHeadSize
		}
		from = max(0, len(b)-3)
		if err := r.fill(); err != nil {
			return "", err
		}
	}
}

// blankLine reads the CR LF that ends a head. A part may end with its head, and then that is the delimiter's
// (RFC 2046 §5.1.1).
func (r *Reader) blankLine() error {
	if err := r.need(len(r.delim)); err != nil {
		return err
	}
	if !bytes.HasPrefix(r.unread(), r.delim) {
		r.use(2)
	}
	return nil
}

// content returns bytes of the present part that are here, and io.EOF at its end.
func (r *Reader) content() ([]byte, error) {
	for r.safe == 0 {
		if r.atDelim {
			return nil, io.EOF
		}
		b := r.unread()
		if r.safe = bytes.Index(b, r.delim); r.safe >= 0 {
			r.atDelim = true
			continue
		}
		// A delimiter may have begun at the last CR, and nowhere else, since it holds but one.
		r.safe = len(b)
		tail := b[max(0, len(b)-len(r.delim)+1):]
		if i := bytes.LastIndexByte(tail, '\r'); i >= 0 && bytes.HasPrefix(r.delim, tail[i:]) {
			r.safe -= len(tail) - i
		}
		if r.safe == 0 {
			if err := r.fill(); err != nil {
				return nil, err
			}
		}
	}
	return r.buf[r.start : r.start+r.safe], nil
}

// used takes n bytes of content.
func (r *Reader) used(n int) {
	r.safe -= n
	r.use(n)
}

func (r *Reader) unread() []byte { return r.buf[r.start:r.end] }

func (r *Reader) use(n int) { r.start += n }

// need waits until n bytes are here.
func (r *Reader) need(n int) error {
	for r.end-r.start < n {
		if err := r.fill(); err != nil {
			return err
		}
	}
	return nil
}

// fill reads once from the body. The buffer has room: nobody waits for more than it holds.
func (r *Reader) fill() error {
	const little = 128
	if r.start > 0 && (r.end-r.start <= little || r.end == len(r.buf)) {
		r.end = copy(r.buf, r.unread())
		r.start = 0
	}
	for range 100 {
		if r.srcErr != nil {
			break
		}
		var n int
		n, r.srcErr = r.src.Read(r.buf[r.end:])
		r.end += n
		if n > 0 {
			return nil
		}
	}
	switch r.srcErr {
	case nil:
		return io.ErrNoProgress
	case io.EOF:
		return errTruncated
	}
	return r.srcErr
}
