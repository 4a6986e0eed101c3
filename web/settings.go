package web

import (
	"log/slog"

	"eddy/httputil/compress"
	"eddy/httputil/formdata"
)

const defaultMaxBody = 10 << 20

// Settings tune an [Application]. The zero value is what [NewApplication] uses.
//
// There is no setting for the answer to unknown paths: put a rule for "/{path...}" last.
type Settings struct {
	// Logger takes the access log and errors; nil means slog.Default(), looked up for
	// each request.
	Logger *slog.Logger

	// AccessLog replaces the access log (Tornado's log_function). It is called at the
	// end of every request, after OnFinish, on the goroutine that answered it. Use it
	// where query strings hold secrets: the usual line has the whole URI.
	AccessLog func(h *RequestHandler)

	// ServeTraceback makes the default error page show the error, and for a panic its
	// stack. It tells strangers about the program: for development only.
	ServeTraceback bool

	// MaxBody is how many bytes of a request body Body, BindJSON and a urlencoded form
	// take, 10 MiB if zero, unbounded if negative. Beyond it they fail with httputil.ErrBodyTooLarge, which
	// answers 413.
	MaxBody int64

	// Form bounds forms, and says where large files go. Body and Values in it are MaxBody if zero;
	// the other fields have the defaults of their own. A larger Body lets strangers fill the disk
	// by so much with each request to a handler that asks for arguments: give it to the route that
	// needs it, by [RequestHandler.FormWith].
	Form formdata.Options

	// StaticPath is a directory of static files. It adds three rules in front of all others: for
	// StaticURLPrefix, /favicon.ico and /robots.txt. "" adds none.
	StaticPath string

	// StaticURLPrefix is where the files of StaticPath are, "/static/" if empty. It begins and ends
	// with a slash.
	StaticURLPrefix string

	// StaticHandler is the prototype of the handler of these rules, nil for one without options. Its
	// Files are those of StaticPath if nil; an application whose files are an embed.FS sets them
	// here, and no StaticPath.
	StaticHandler *StaticFileHandler

	// CompressResponse compresses the responses of all rules, mounted handlers included, for clients that
	// accept it; rules differ by [Compress]. A page that has a secret beside what a
	// stranger can choose should not be compressed: see package compress.
	CompressResponse bool

	// Compress tunes that.
	Compress compress.Options
}

func (s *Settings) fill() {
	s.fillStatic()
	if s.MaxBody == 0 {
		s.MaxBody = defaultMaxBody
	}
	if s.Form.Body == 0 {
		s.Form.Body = formLimit(s.MaxBody)
	}
	if s.Form.Values == 0 {
		s.Form.Values = formLimit(s.MaxBody)
	}
}

func (s *Settings) logger() *slog.Logger {
	if s.Logger != nil {
		return s.Logger
	}
	return slog.Default()
}
