package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"
)

// ErrorHandler answers every method with an error, 404 unless Status says another.
type ErrorHandler struct {
	RequestHandler
	Status int
}

// Any returns the error.
func (h *ErrorHandler) Any(context.Context) error {
	if h.Status == 0 {
		return &HTTPError{Status: http.StatusNotFound}
	}
	return &HTTPError{Status: h.Status}
}

// RedirectHandler answers GET and HEAD with a redirect.
type RedirectHandler struct {
	RequestHandler

	// URL is where to go. {name} and {0}, {1} … in it stand for the path values of the
	// rule, percent-encoded but for slashes. The request's query is added. A URL that
	// begins with one slash leads to the same host, whatever the values are.
	URL string

	// Status is that of the redirect, 301 if zero.
	Status int
}

// Get redirects.
func (h *RedirectHandler) Get(context.Context) error {
	status := h.Status
	if status == 0 {
		status = http.StatusMovedPermanently
	}
	return h.Redirect(h.target(), status)
}

func (h *RedirectHandler) target() string {
	values := h.PathArgs()
	pairs := make([]string, 0, 4*len(values))
	for i, name := range h.entry.pattern.names {
		value := escapeSegments(values[i])
		pairs = append(pairs, "{"+strconv.Itoa(i)+"}", value)
		if name != "" {
			pairs = append(pairs, "{"+name+"}", value)
		}
	}
	target := strings.NewReplacer(pairs...).Replace(h.URL)
	if strings.HasPrefix(h.URL, "/") && !strings.HasPrefix(h.URL, "//") {
		// A value may begin with a slash too, and two of them would name a host.
		target = "/" + strings.TrimLeft(target, "/")
	}
	if query := h.Request.Query; query != "" {
		target = addQuery(target, query)
	}
	return target
}

// addQuery adds to a URL's query, before its fragment.
func addQuery(target, query string) string {
	target, fragment, found := strings.Cut(target, "#")
	if found {
		fragment = "#" + fragment
	}
	separator := "?"
	if strings.Contains(target, "?") {
		separator = "&"
	}
	return target + separator + query + fragment
}
