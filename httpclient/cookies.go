package httpclient

import (
	"net/http"
	"strings"

	"eddy/httputil"
)

// addCookies adds those that the jar has for the hop behind those of the request.
func (h *hop) addCookies(header *httputil.Header) {
	jar := h.client.options.Jar
	if jar == nil {
		return
	}
	var parts []string
	if own := header.Values("Cookie"); len(own) > 0 {
		parts = append(parts, own...)
		header.Del("Cookie")
	}
	for _, c := range jar.Cookies(h.url) {
		parts = append(parts, (&http.Cookie{Name: c.Name, Value: c.Value, Quoted: c.Quoted}).String())
	}
	if len(parts) > 0 {
		header.Append("Cookie", strings.Join(parts, "; "))
	}
}

// keepCookies gives the jar what the response sets.
func (h *hop) keepCookies(resp *Response) {
	jar := h.client.options.Jar
	if jar == nil || !resp.Header.Has("Set-Cookie") {
		return
	}
	var cookies []*http.Cookie
	for _, line := range resp.Header.Values("Set-Cookie") {
		if c, err := http.ParseSetCookie(line); err == nil {
			cookies = append(cookies, c)
		}
	}
	jar.SetCookies(h.url, cookies)
}
