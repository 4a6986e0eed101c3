package httpclient

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"eddy/httputil"
)

// Response is what a server has answered. It is a plain value, and nothing of it is used again
// by the client.
type Response struct {
	Status  int    // such as 200
	Reason  string // as sent; may be empty
	Version string // httputil.HTTP10, HTTP11 or HTTP20
	Header  httputil.Header
	Trailer httputil.Header // the fields behind a body that came in chunks

	// Body is the whole body, decompressed; nil for [Client.Stream] and with a StreamingCallback.
	Body []byte
	// ContentLength is the length that the head has told of what is sent, -1 for none. It is not
	// that of Body if that was compressed.
	ContentLength int64
	// Uncompressed is whether the body was decompressed. Header says by Content-Encoding what it was.
	Uncompressed bool

	// Request is what was asked for, and URL where the response came from, after redirects (Tornado's
	// effective_url), without credentials.
	Request *Request
	URL     string
	// History has the responses that redirected, the first one first, without bodies.
	History []*Response

	// Start is when the fetch began, and Time what its parts took.
	Start time.Time
	Time  TimeInfo

	fields [12]httputil.Field // where Header keeps the usual few
}

// TimeInfo says when the phases of a fetch were over (Tornado's time_info, curl's names). All but
// Queue and Redirect count from the end of the time in the queue. Of a connection that was used before,
// NameLookup, Connect and AppConnect are zero.
type TimeInfo struct {
	Queue         time.Duration // how long the request waited for its turn
	NameLookup    time.Duration // the addresses of the server, or of the proxy, were known; zero if there was no name
	Connect       time.Duration // the connection was there
	AppConnect    time.Duration // TLS was up
	PreTransfer   time.Duration // the request was about to be sent
	StartTransfer time.Duration // the first byte of the response was there
	Total         time.Duration // all was
	Redirect      time.Duration // the part of Total that went before the last request
}

// Rethrow returns a [StatusError] if the status is 400 or more, and nil otherwise (Tornado's rethrow).
func (r *Response) Rethrow() error {
	if r.Status < 400 {
		return nil
	}
	return &StatusError{Response: r}
}

// StatusError is a response that is an error, see [Response.Rethrow].
type StatusError struct {
	Response *Response
}

func (e *StatusError) Error() string {
	reason := http.StatusText(e.Response.Status)
	if reason == "" {
		reason = "unknown status"
	}
	url := e.Response.URL
	if end := strings.IndexAny(url, "?#"); end >= 0 { // what follows may be secret, and the text go to a log
		url = url[:end]
	}
	return fmt.Sprintf("httpclient: %s: %d %s", url, e.Response.Status, reason)
}

// Code returns the status.
func (e *StatusError) Code() int { return e.Response.Status }
