package formdata

import (
	"io"
	"net/http"

	"eddy/httputil"
)

// An Error says why a form was refused, and which status answers it. Its text is made of fixed words.
type Error struct {
	// Status is 400 for a form that is malformed, 413 for one beyond a limit, 415 for a type or
	// coding that is not taken, and 507 if the temporary file could not be written.
	Status int
	Reason string
	Err    error // the cause, if there is one: nothing that the client sent
}

func (e *Error) Error() string {
	if e.Err != nil && e.Status >= http.StatusInternalServerError {
		return "formdata: " + e.Reason + ": " + e.Err.Error()
	}
	return "formdata: " + e.Reason
}

// Unwrap returns the cause. That of a body beyond [Options].Body is httputil.ErrBodyTooLarge, that
// of a truncated one io.ErrUnexpectedEOF.
func (e *Error) Unwrap() error { return e.Err }

// HTTPStatus returns the status, for package web.
func (e *Error) HTTPStatus() int { return e.Status }

func malformed(reason string) *Error { return &Error{Status: http.StatusBadRequest, Reason: reason} }
func tooLarge(reason string) *Error {
	return &Error{Status: http.StatusRequestEntityTooLarge, Reason: reason, Err: httputil.ErrBodyTooLarge}
}

// ErrNotForm is returned for a body that is neither urlencoded nor multipart/form-data, and by [NewReader]
// for one that is not the latter. It answers 415.
var ErrNotForm = &Error{Status: http.StatusUnsupportedMediaType, Reason: "the content type is not that of a form"}

var (
	errCoded      = &Error{Status: http.StatusUnsupportedMediaType, Reason: "the form has a content coding"}
	errPartCoding = &Error{Status: http.StatusUnsupportedMediaType, Reason: "a part has a transfer encoding"}

	errType        = malformed("the content type is malformed")
	errNoBoundary  = malformed("the content type has no usable boundary")
	errStart       = malformed("the body does not begin with the boundary")
	errDelimiter   = malformed("a boundary is followed by something else than the end of its line")
	errTruncated   = &Error{Status: http.StatusBadRequest, Reason: "the body ends before its last boundary", Err: io.ErrUnexpectedEOF}
	errPartHead    = malformed("the head of a part is malformed")
	errPartText    = malformed("the head of a part is not valid UTF-8")
	errTwice       = malformed("a part has a field twice that it may have once")
	errDisposition = malformed("a part has no valid Content-Disposition of form-data")
	errName        = malformed("a part has no name, or one with a control character")
	errFileName    = malformed("a part has a file name that names no file")
	errEscape      = malformed("an argument is not urlencoded")

	errParts     = tooLarge("the form has too many parts")
	errFields    = tooLarge("the head of a part has too many fields")
	errHeadSize  = tooLarge("the head of a part is too large")
	errPartSize  = tooLarge("a part is too large")
	errArguments = tooLarge("the form has too many arguments")
	errValues    = tooLarge("the arguments of the form are too large")
	errBody      = tooLarge("the form is too large")
)
