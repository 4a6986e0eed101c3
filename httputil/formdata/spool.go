package formdata

import (
	"io"
	"net/http"
	"os"
)

// A tempFile is what a spool needs of a file; tests have one that is full.
type tempFile interface {
	io.Writer
	io.ReaderAt
	io.Closer
	Name() string
}

type createFunc func(dir string) (tempFile, error)

func createTemp(dir string) (tempFile, error) {
	f, err := os.CreateTemp(dir, "eddy-form-*")
	if err != nil { // a nil *os.File would be an interface that is not nil
		return nil, err
	}
	return f, nil
}

// A spool is the temporary file of a form, one for all its files, so that a form takes one descriptor.
type spool struct {
	file tempFile
	path string // what is to be removed; "" if it is gone already
	size int64
}

// newSpool creates the file and removes its name at once, so that the space comes back whatever
// becomes of the process. Where that cannot be done (Windows) close removes it.
func newSpool(create createFunc, dir string) (*spool, error) {
	file, err := create(dir)
	if err != nil {
		return nil, storageError(err)
	}
	s := &spool{file: file, path: file.Name()}
	if os.Remove(s.path) == nil {
		s.path = ""
	}
	return s, nil
}

// Write appends to the file.
func (s *spool) Write(p []byte) (int, error) {
	n, err := s.file.Write(p)
	s.size += int64(n)
	if err != nil {
		err = storageError(err)
	}
	return n, err
}

func (s *spool) close() error {
	err := s.file.Close()
	if s.path != "" {
		if failed := os.Remove(s.path); err == nil {
			err = failed
		}
	}
	return err
}

// storageError is 507: the request may be right, and there is no room for it.
func storageError(err error) error {
	return &Error{Status: http.StatusInsufficientStorage, Reason: "the temporary file cannot be written", Err: err}
}
