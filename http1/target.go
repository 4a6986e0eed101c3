package http1

import (
	"strconv"
	"strings"

	"eddy/httputil"
)

// parseTarget sets Path and Query, and Host where the target has an authority, by the
// four forms of RFC 9112 §3.2. req has Method and URI.
func parseTarget(req *httputil.Request) *Error {
	target := req.URI
	switch {
	case req.Method == "CONNECT":
		if !isAuthority(target) {
			return errAuthority
		}
		req.Host, req.Path, req.Query = target, "", ""
	case target[0] == '/':
		req.Host = ""
		splitPath(req, target)
	case target == "*":
		// The asterisk asks about the server as a whole: OPTIONS, and the M-SEARCH of UPnP.
		// PRI * is the start of HTTP/2, and not to be answered.
		if req.Method != "OPTIONS" && req.Method != "M-SEARCH" {
			return errAsterisk
		}
		req.Host, req.Path, req.Query = "", "*", ""
	default:
		return parseAbsolute(req, target)
	}
	return nil
}

// splitPath takes the target apart. A fragment has no business in a request; it stays in
// URI only, so that Path and Query mean what their names say.
func splitPath(req *httputil.Request, target string) {
	i := 0
	for i < len(target) && classes[target[i]]&classPath != 0 {
		i++
	}
	req.Path, req.Query = target[:i], ""
	if i < len(target) && target[i] == '?' {
		req.Query, _, _ = strings.Cut(target[i+1:], "#")
	}
}

// parseAbsolute takes the absolute-form, which clients send to proxies and every server
// must accept (RFC 9112 §3.2.2). User information in it is dropped, as clients in the
// field do send it; nobody gets to see it as a host (RFC 9110 §4.2.4).
func parseAbsolute(req *httputil.Request, target string) *Error {
	scheme, rest, ok := strings.Cut(target, "://")
	if !ok || !isFold(scheme, "http") && !isFold(scheme, "https") {
		return errTarget
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority := rest[:end]
	authority = authority[strings.LastIndexByte(authority, '@')+1:]
	if authority == "" || !validHost(authority) {
		return errAuthority
	}
	req.Host = authority
	if splitPath(req, rest[end:]); req.Path == "" {
		req.Path = "/"
	}
	return nil
}

// isAuthority reports whether s is host:port, the authority-form (RFC 9112 §3.2.3), with a port that
// there can be (RFC 9110 §9.3.6).
func isAuthority(s string) bool {
	colon := strings.LastIndexByte(s, ':')
	if colon <= 0 || s[0] != '[' && strings.IndexByte(s, ':') < colon {
		return false
	}
	port, err := strconv.ParseUint(s[colon+1:], 10, 16)
	return validHost(s) && err == nil && port > 0 && len(s)-colon <= 6
}
