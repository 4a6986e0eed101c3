package httpclient

import "net/url"

// Redirect is a redirect that is about to be followed.
type Redirect struct {
	Response *Response // what redirects
	Method   string    // of the next request
	URL      *url.URL  // where it goes
}
