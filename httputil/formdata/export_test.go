package formdata

import (
	"io"

	"eddy/httputil"
)

// TempFile is what a test's own temporary file must be.
type TempFile = tempFile

// ReadInto is Read with temporary files of the test's making.
func ReadInto(body io.Reader, header *httputil.Header, o Options, create func(dir string) (TempFile, error)) (*Form, error) {
	return read(body, header, o.filled(), create)
}
