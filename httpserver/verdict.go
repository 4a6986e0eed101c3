package httpserver

import (
	"log/slog"
	"net/http"

	"eddy/httputil"
)

// closing reports whether it is known now that the connection ends behind the response: the
// server is being shut down, or what is left of the request's body is broken or too much to skip.
func (x *exchange) closing(held bool) bool {
	switch {
	case x.conn.server.spreader.Stopped():
		return true
	case x.body == nil || x.body.whole.Load():
		return false
	case held:
		return x.leavesBody()
	}
	return x.closingElsewhere()
}

// closingElsewhere is closing for who does not hold the loop. It is apart, as its closure would cost
// every caller of the other an allocation.
func (x *exchange) closingElsewhere() (last bool) {
	err := x.onLoop(func() { last = x.leavesBody() })
	return last || err != nil
}

func (x *exchange) leavesBody() bool {
	c := x.conn
	return c.x != x || c.last || !c.skippable(x.expect)
}

func (x *exchange) logLength(what string) {
	x.conn.server.options.Logger.Error(what, slog.Any("error", httputil.ErrBodyLength),
		slog.String("method", x.req.Method), slog.String("path", x.req.Path))
}

// failure returns what answers a request whose handler made no answer: what ended its context or
// its body, or else 500.
func (x *exchange) failure(held bool) (status int, reason string) {
	switch {
	case x.Err() == httputil.ErrRequestTimeout:
		return http.StatusServiceUnavailable, "the request took too long"
	case held && x.body != nil && x.body.status != 0:
		return x.body.status, bodyFaults[x.body.status]
	}
	return http.StatusInternalServerError, ""
}

var bodyFaults = map[int]string{
	http.StatusBadRequest:            "malformed body",
	http.StatusRequestTimeout:        "the body did not arrive in time",
	http.StatusRequestEntityTooLarge: "the body is too large",
}
