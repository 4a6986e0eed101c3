package formdata

import (
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"eddy/httputil"
)

// A Part is one field or file of a multipart form, while it is read. It is valid until the next
// call of [Reader.Next].
type Part struct {
	// Name is the name of the form's field; never empty.
	Name string

	// FileName is the name that the client gave the file, without directories, neither with slashes
	// nor with backslashes; "" for a field that is no file. filename* wins over filename. It is the
	// client's own: it has no control characters, but it may be that of another file, or a device
	// on Windows. Do not make a path of it without need.
	FileName string

	// Header has all fields of the part's head.
	Header httputil.Header

	r    *Reader
	size int64
}

// maxFields is how many fields the head of a part may have. A file keeps them, and a field takes
// more memory than the four bytes that it may be sent in.
const maxFields = 32

var errPartOver = errors.New("formdata: read of a part after the next one was asked for")

func newPart(r *Reader, head string) (*Part, error) {
	switch {
	case !utf8.ValidString(head):
		return nil, errPartText
	case strings.Count(head, "\r\n") > maxFields:
		return nil, errFields
	}
	header, err := httputil.ParseHeader(head)
	if err != nil {
		return nil, errPartHead
	}
	p := &Part{Header: header, r: r}
	for _, name := range [...]string{"Content-Disposition", "Content-Type", "Content-Transfer-Encoding"} {
		if len(header.Values(name)) > 1 {
			return nil, errTwice
		}
	}
	switch coding := strings.ToLower(header.Get("Content-Transfer-Encoding")); coding {
	case "", "7bit", "8bit", "binary": // the content as it is (RFC 7578 §4.7)
	default:
		return nil, errPartCoding
	}
	if err := p.dispose(header.Get("Content-Disposition")); err != nil {
		return nil, err
	}
	return p, nil
}

// dispose takes the names from the Content-Disposition (RFC 7578 §4.2).
func (p *Part) dispose(disposition string) error {
	kind, params, err := httputil.ParseParams(disposition)
	if err != nil || !strings.EqualFold(kind, "form-data") {
		return errDisposition
	}
	if p.Name, err = parameter(params, "name"); err != nil {
		return err
	}
	if !isName(p.Name) {
		return errName
	}
	file, err := parameter(params, "filename")
	// Browsers send an empty name for a file that nobody has chosen: a field, as for Tornado.
	if err != nil || file == "" {
		return err
	}
	p.FileName = lastElement(file)
	if !isName(p.FileName) || p.FileName == "." || p.FileName == ".." {
		return errFileName
	}
	return nil
}

// parameter returns the value of a parameter in any form, "" if there is none.
//
// In the plain form it undoes the one escape that browsers write and that can be undone: a quote as
// %22. They leave "%" as it is, so that more would change names; %0D and %0A stay, which would be
// control characters.
func parameter(params httputil.Params, name string) (string, error) {
	value, _, err := params.Extended(name)
	if err != nil {
		return "", errDisposition
	}
	isExtended := func(p httputil.Param) bool { return strings.HasPrefix(p.Name, name+"*") }
	if !slices.ContainsFunc(params, isExtended) {
		value = strings.ReplaceAll(value, "%22", `"`)
	}
	return value, nil
}

func isName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 })
}

func lastElement(path string) string {
	return path[strings.LastIndexAny(path, `/\`)+1:]
}

// ContentType returns the part's Content-Type; without one, "text/plain" for a field (RFC 7578 §4.4), and
// "application/octet-stream" for a file. It is what the client claims.
func (p *Part) ContentType() string {
	switch t := p.Header.Get("Content-Type"); {
	case t != "":
		return t
	case p.FileName != "":
		return "application/octet-stream"
	}
	return "text/plain"
}

// Read reads the content. It waits for the client as the body's Read does. It fails with an [*Error] if the
// content is beyond [Options].Part or breaks off, and with what the body's Read fails with.
func (p *Part) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	data, err := p.content()
	if err != nil {
		return 0, err
	}
	n := copy(b, data)
	p.used(n)
	return n, nil
}

// WriteTo writes the rest of the content to w, as io.Copy asks it to, without a further buffer.
func (p *Part) WriteTo(w io.Writer) (written int64, err error) {
	for {
		data, err := p.content()
		if err == io.EOF {
			return written, nil
		}
		if err != nil {
			return written, err
		}
		n, err := w.Write(data)
		written += int64(n)
		p.used(n)
		if err == nil && n < len(data) {
			err = io.ErrShortWrite
		}
		if err != nil {
			return written, err
		}
	}
}

// content returns content that is here, and holds the limit.
func (p *Part) content() ([]byte, error) {
	if p.r.part != p {
		return nil, errPartOver
	}
	data, err := p.r.content()
	if limit := p.r.o.Part; err == nil && p.size+int64(len(data)) > limit {
		return nil, errPartSize
	}
	return data, err
}

func (p *Part) used(n int) {
	p.size += int64(n)
	p.r.used(n)
}

func (p *Part) skip() error {
	_, err := p.WriteTo(io.Discard)
	return err
}
