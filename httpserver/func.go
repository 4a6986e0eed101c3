package httpserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"eddy/http1"
	"eddy/httputil"
	"eddy/internal/nethttp"
)

// MaxFuncBody is how long a body may be that a [Func] is given. Beyond it the answer is 413.
const MaxFuncBody = 10 << 20

// Func is a plain function that answers requests, without package web: Tornado's request
// callback. It is called when the whole body has arrived, and what it returns is sent. Requests
// whose body is too long, malformed or late are answered without it (413, 400, 408). It may
// wait by its context, as every handler; a panic is a 500.
//
// A Func runs on Eddy's server and under net/http's. It is for small bodies and answers: to
// stream, write an httputil.HandlerFunc. r.Body reads body again.
type Func func(ctx context.Context, r *httputil.Request, body []byte) Response

// Response is the answer of a [Func]. A Response that was returned is not changed by the server,
// so one may be returned many times.
type Response struct {
	Status int             // 0 is 200
	Header httputil.Header // Date and what frames the body come by themselves
	Body   []byte
}

// Text returns a response that is plain text in UTF-8.
func Text(status int, text string) Response {
	var h httputil.Header
	h.Append("Content-Type", "text/plain; charset=utf-8")
	return Response{Status: status, Header: h, Body: []byte(text)}
}

// ServeRequest implements httputil.Handler.
func (f Func) ServeRequest(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
	answer, ok := f.answer(ctx, r)
	if !ok {
		return
	}
	switch {
	case answer.Status == 0:
		answer.Status = http.StatusOK
	case answer.Status < 200:
		panic(fmt.Sprintf("httpserver: a Func has returned status %d", answer.Status))
	}
	var fault *http1.Error
	if err := httputil.Respond(w, answer.Status, "", &answer.Header, answer.Body); errors.As(err, &fault) {
		panic(err) // a status beyond 999: the function's fault, for the log
	}
}

// ServeHTTP serves a request of net/http.
func (f Func) ServeHTTP(w http.ResponseWriter, r *http.Request) { nethttp.Serve(w, r, f) }

// answer is not ok if there is nobody to answer.
func (f Func) answer(ctx context.Context, r *httputil.Request) (answer Response, ok bool) {
	if r.ContentLength == 0 {
		return f(ctx, r, nil), true
	}
	body, err := httputil.ReadBody(r, MaxFuncBody)
	status := http.StatusInternalServerError
	switch {
	case err == nil:
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		return f(ctx, r, body), true
	case errors.Is(err, httputil.ErrBodyTooLarge):
		status = http.StatusRequestEntityTooLarge
	case errors.Is(err, httputil.ErrBodyMalformed):
		status = http.StatusBadRequest
	case errors.Is(err, httputil.ErrBodyTimeout):
		status = http.StatusRequestTimeout
	case errors.Is(err, httputil.ErrClosed):
		return Response{}, false
	}
	return Text(status, fmt.Sprintf("%d %s\n", status, http.StatusText(status))), true
}
