package formdata

import (
	"errors"
	"io"
	"io/fs"
	"sync/atomic"
)

// ErrUsed is what a second [Builder.Reader] fails with where a file comes [FromReader].
var ErrUsed = errors.New("formdata: the content of a file can be read once only")

// Content is where the bytes of a file that is sent come from: [FromReader], [FromReaderAt] or [FromFS].
type Content struct {
	size int64 // -1 if it is not known
	open func() (io.Reader, error)
	used *atomic.Bool // whether the one reader that there can be was opened; nil if there can be any number
}

// FromReader returns what r has up to its end, for one sending. Its size is not known. Who made r closes it.
func FromReader(r io.Reader) Content {
	c := Content{size: -1, used: new(atomic.Bool)}
	if r != nil {
		c.open = func() (io.Reader, error) { return struct{ io.Reader }{r}, nil } // it is not ours to close
	}
	return c
}

// FromReaderAt returns the first size bytes of r, such as a bytes.Reader, a strings.Reader or an os.File, for
// any number of sendings. If r turns out to have fewer, the sending fails.
func FromReaderAt(r io.ReaderAt, size int64) Content {
	c := Content{size: size}
	if r != nil && size >= 0 {
		c.open = func() (io.Reader, error) { return io.NewSectionReader(r, 0, size), nil }
	}
	return c
}

// FromFS returns a regular file, for any number of sendings, each of which opens it and closes it. The size is the
// present one: if the file is shorter by then, the sending fails, and of a longer one the rest is
// left out. It fails if the file is not there or is no regular one.
func FromFS(fsys fs.FS, name string) (Content, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return Content{}, err
	}
	if !info.Mode().IsRegular() {
		return Content{}, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	return Content{size: info.Size(), open: func() (io.Reader, error) { return fsys.Open(name) }}, nil
}
