package httpclient

import (
	"net/http"
	"strings"

	"eddy/httputil"
)

// addCookies adds those that the jar has for the hop behind those of the request.
func (h *hop) addCookies(header *httputil.Header) error {
	jar := h.client.options.Jar
	if jar == nil {
		return nil
	}
	var kept []*http.Cookie
	err := guarded(func() error {
		u := *h.url
		kept = jar.Cookies(&u)
		return nil
	})
	if err != nil || len(kept) == 0 {
		return err
	}
	parts := header.Values("Cookie")
	header.Del("Cookie")
	for _, c := range kept {
		if text := (&http.Cookie{Name: c.Name, Value: c.Value, Quoted: c.Quoted}).String(); text != "" { // else its name is none
			parts = append(parts, text)
		}
	}
	if len(parts) > 0 {
		header.Append("Cookie", strings.Join(parts, "; "))
	}
	return nil
}

// keepCookies gives the jar what the response sets.
func (h *hop) keepCookies(resp *Response) error {
	jar := h.client.options.Jar
	if jar == nil || !resp.Header.Has("Set-Cookie") {
		return nil
	}
	var cookies []*http.Cookie
	for _, line := range resp.Header.Values("Set-Cookie") {
		if c, err := http.ParseSetCookie(line); err == nil {
			cookies = append(cookies, c)
		}
	}
	return guarded(func() error {
		u := *h.url
		jar.SetCookies(&u, cookies)
		return nil
	})
}
