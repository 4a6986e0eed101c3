package httputil

import "strconv"

// String returns the request in short, without its header, which may hold secrets:
// Request(GET /path?query, host "example.com", HTTP/1.1). The query is there; it may be one, too. What
// a log or a terminal would misread is quoted.
func (r *Request) String() string {
	uri := strconv.QuoteToASCII(r.Method + " " + r.URI)
	return "Request(" + uri[1:len(uri)-1] + ", host " + strconv.QuoteToASCII(r.Host) + ", " + r.Version + ")"
}
