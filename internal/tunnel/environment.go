package tunnel

import (
	"net/url"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// FromEnvironment returns a function that says which proxy a URL is to be fetched by, nil for none:
// as HTTP_PROXY, HTTPS_PROXY and NO_PROXY, or their lower-case forms, say at the time of the call. It
// does what net/http does, and golang.org/x/net/http/httpproxy tells it all: requests to this machine go without
// proxy, ALL_PROXY is not looked at, and in a CGI program, where a client could set it, HTTP_PROXY
// is refused. Unlike net/http it fails if the variable holds no URL: a request that shall not go
// without proxy does not. The errors hold nothing of the variables. Any goroutine, and so
// the function.
func FromEnvironment() func(*url.URL) (*url.URL, error) {
	const malformed = "malformed"
	c := httpproxy.FromEnvironment()
	for _, p := range []*string{&c.HTTPProxy, &c.HTTPSProxy} {
		if *p != "" && !isProxy(*p) {
			*p = malformed + "://x"
		}
	}
	choose := c.ProxyFunc()
	return func(u *url.URL) (*url.URL, error) {
		proxy, err := choose(u)
		if err == nil && proxy != nil && proxy.Scheme == malformed {
			return nil, located(fault("the environment's proxy is not a URL"), nil, u.Host)
		}
		return proxy, err
	}
}

// isProxy reports whether s is a URL, or "host:port" with or without a user.
func isProxy(s string) bool {
	if !strings.Contains(s, "://") {
		s = "http://" + s
	}
	u, err := url.Parse(s)
	return err == nil && u.Host != ""
}
