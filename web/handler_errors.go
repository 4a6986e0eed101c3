package web

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"strconv"

	"eddy/httputil"
)

// statusGone is what the access log has for a client that left before the head was
// sent. It is never sent; the number is the one that nginx made known.
const statusGone = 499

// SendError sends the error page for a status and finishes the response; output and
// header fields of before are dropped. Most methods return an [HTTPError] instead. It
// fails with httputil.ErrHeadWritten if the head was sent.
func (h *RequestHandler) SendError(ctx context.Context, status int) error {
	if h.headSent {
		return httputil.ErrHeadWritten
	}
	h.sendError(ctx, status, nil)
	return nil
}

// fail answers an error that came out of the handler's code.
func (h *RequestHandler) fail(ctx context.Context, err error) {
	if errors.Is(err, ErrFinish) {
		if h.finished {
			return
		}
		if err = h.Finish(); err == nil {
			return
		}
	}
	switch {
	case isAbort(err):
		h.aborted = true
		return
	case isGone(ctx, err):
		if !h.headSent {
			h.status = statusGone
		}
		// Somebody may be there, if the request was out of time: a part shall not pass for the whole.
		h.aborted = h.headSent && !h.finished
		return
	}
	h.logError(ctx, err)
	switch {
	case h.finished:
	case h.headSent:
		h.aborted = true
	default:
		h.sendError(ctx, statusOf(err), err)
	}
}

// isGone reports whether err says nothing but that nobody waits for the answer.
func isGone(ctx context.Context, err error) bool {
	return errors.Is(err, httputil.ErrClosed) ||
		ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx)))
}

func (h *RequestHandler) sendError(ctx context.Context, status int, err error) {
	failed := h.writeError(ctx, status, err)
	if failed == nil || isGone(ctx, failed) {
		return
	}
	h.logError(ctx, fmt.Errorf("web: writing the error page: %w", failed))
	if !h.headSent {
		// Once more, and without the handler's hooks.
		h.reset()
		h.setErrorStatus(status, err)
		h.writePage(err)
		failed = h.Finish()
	}
	h.aborted = failed != nil && !h.finished
}

// writeError writes an error response from its beginning, by the handler's hooks.
func (h *RequestHandler) writeError(ctx context.Context, status int, err error) (failed error) {
	defer func() {
		if v := recover(); v != nil {
			failed = newPanicError(v)
		}
	}()
	h.reset()
	h.setDefaults()
	h.setErrorStatus(status, err)
	if h.entry.route.has(hookError) {
		if failed := h.self.(ErrorWriter).WriteError(ctx, status, err); failed != nil {
			return failed
		}
	} else {
		h.writePage(err)
	}
	if h.finished {
		return nil
	}
	return h.Finish()
}

func (h *RequestHandler) setErrorStatus(status int, err error) {
	h.SetStatus(status)
	var known *HTTPError
	if errors.As(err, &known) && known.Reason != "" {
		h.SetStatus(status, known.Reason)
	}
	if status == http.StatusMethodNotAllowed {
		h.setField("Allow", h.entry.route.allow) // RFC 9110 §15.5.6
	}
}

// writePage is the default error page.
func (h *RequestHandler) writePage(err error) {
	if !bodyAllowed(h.status) {
		return
	}
	if h.app.settings.ServeTraceback && err != nil {
		h.Text(trace(err))
		return
	}
	line := strconv.Itoa(int(h.status)) + ": " + html.EscapeString(h.phrase())
	h.WriteString("<html><title>" + line + "</title><body>" + line + "</body></html>")
}

func trace(err error) string {
	text := err.Error() + "\n"
	if stack := stackOf(err); stack != "" {
		text += "\n" + stack
	}
	return text
}

// phrase returns the reason phrase, "" where the engine knows it as well.
func (h *RequestHandler) phrase() string {
	if h.rare == nil && h.status == http.StatusOK {
		return ""
	}
	if h.rare != nil && h.rare.reason != "" {
		return h.rare.reason
	}
	if usual := http.StatusText(int(h.status)); usual != "" {
		return usual
	}
	return "Unknown"
}

// contain is deferred around a hook whose panic must not disturb what comes after it.
func (h *RequestHandler) contain(ctx context.Context, hook string) {
	if v := recover(); v != nil {
		h.logDefault(ctx, fmt.Errorf("web: in %s: %w", hook, newPanicError(v)))
	}
}
