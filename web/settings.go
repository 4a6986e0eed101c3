package web

import "log/slog"

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

	// MaxBody is how many bytes of a request body Body, BindJSON and the body arguments
	// take, 10 MiB if zero, unbounded if negative. Beyond it they fail with httputil.ErrBodyTooLarge, which
	// answers 413.
	MaxBody int64
}

func (s *Settings) fill() {
	if s.MaxBody == 0 {
		s.MaxBody = defaultMaxBody
	}
}

func (s *Settings) logger() *slog.Logger {
	if s.Logger != nil {
		return s.Logger
	}
	return slog.Default()
}
