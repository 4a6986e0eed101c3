package formdata

import (
	"bytes"
	"io"
	"os"

	"eddy/httputil"
)

// A File is an uploaded file (Tornado's HTTPFile).
type File struct {
	Name        string // see [Part.FileName]
	ContentType string // see [Part.ContentType]
	Size        int64  // in bytes
	Header      httputil.Header

	form    *Form
	content []byte
	offset  int64 // in the temporary file
	spooled bool
}

// Open returns a new reader of the content, wherever it is. It fails with os.ErrClosed once the
// form is closed, which ends readers of the temporary file, too.
func (f *File) Open() (*io.SectionReader, error) {
	var from io.ReaderAt = bytes.NewReader(f.content)
	switch {
	case f.form.closed.Load():
		return nil, os.ErrClosed
	case f.spooled:
		from = f.form.spool.file
	}
	return io.NewSectionReader(from, f.offset, f.Size), nil
}

// Body returns the content in memory, of a large file too. The slice of a small one belongs to the
// form: do not change it.
func (f *File) Body() ([]byte, error) {
	if !f.spooled && !f.form.closed.Load() {
		return f.content, nil
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	b := make([]byte, f.Size)
	_, err = io.ReadFull(r, b)
	return b, err
}

// InMemory reports whether the content is in memory, and not in the temporary file.
func (f *File) InMemory() bool { return !f.spooled }
