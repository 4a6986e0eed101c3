package httpclient

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"eddy/httputil"
)

// Response is what a server has answered. It is a plain value, the caller's own: the client uses nothing of it again.
type Response struct {
	Status  int    // such as 200
	Reason  string // as sent; may be empty
	Version string // httputil.HTTP10, HTTP11 or HTTP20
	Header  httputil.Header
	Trailer httputil.Header // the fields behind a body, if there are any; of a Stream once it was read to its end

	// Body is the whole body, decompressed; nil for [Client.Stream] and with a StreamingCallback. For JSON give it to
	// json.Unmarshal.
	Body []byte
	// ContentLength is the length in bytes that the head has told, -1 if it has not. It is that of the body as it is
	// sent, also in answer to HEAD: not that of Body if that was compressed, see Uncompressed.
	ContentLength int64
	// Uncompressed is whether the body was decompressed by the client. Header is as it was sent: Content-Encoding
	// says how, and Content-Length how long the body was before.
	Uncompressed bool

	// Request is what was asked for, by the caller's own pointer, and URL where the response came from, after redirects
	// (Tornado's effective_url), without credentials.
	Request *Request
	URL     string
	// History has the responses that were followed as redirects, the first one first, without bodies.
	History []*Response

	// Start is when the fetch was called, and Time what its parts took.
	Start time.Time
	Time  TimeInfo

	fields [11]httputil.Field // where Header keeps the usual few
}

// TimeInfo says when the phases of a fetch were over (Tornado's time_info, curl's names). All but
// Queue and Redirect count from the end of the first request's time in the queue. Of a connection that was used before,
// NameLookup, Connect and AppConnect are zero, and without TLS AppConnect.
type TimeInfo struct {
	Queue         time.Duration // how long the request waited for its turn
	NameLookup    time.Duration // the addresses of the server, or of the proxy, were known; zero if there was no name
	Connect       time.Duration // the connection was there
	AppConnect    time.Duration // TLS was up
	PreTransfer   time.Duration // the request was about to be sent
	StartTransfer time.Duration // the first byte of the response was there
	Total         time.Duration // all was; of a Stream, once it was read to its end
	Redirect      time.Duration // the part of Total that went before the last request
}

// Rethrow returns a [*StatusError] if the status is 400 or more, and nil otherwise (Tornado's rethrow, for
// which 304 and a redirect that is not followed are errors, too).
func (r *Response) Rethrow() error {
	if r.Status < 400 {
		return nil
	}
	return &StatusError{Response: r}
}

// StatusError is a response that is an error, see [Response.Rethrow]. Its text has the status in the words of the
// RFC, not in the server's, and the URL without its query, which may be a secret.
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
