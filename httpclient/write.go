package httpclient

import (
	"encoding/base64"

	"eddy/httputil"
)

// write makes of the hop what is sent. What the request says itself is not replaced.
func (h *hop) write(out *outgoing) error {
	if h.trip != nil {
		return h.trip.write(h, out)
	}
	r, o := h.req, &h.client.options
	out.method, out.target, out.host = h.method, h.url.RequestURI(), h.url.Host
	out.header = httputil.HeaderOver(out.fields[:0])
	for _, f := range r.Header.Fields() {
		out.header.Append(f.Name, f.Value)
	}
	if host := r.Header.Get("Host"); host != "" {
		out.host = host
	}
	add := func(name, value string) {
		if value != "" && !out.header.Has(name) {
			out.header.Append(name, value)
		}
	}
	if agent := o.UserAgent; r.UserAgent != "" || agent != "-" {
		if r.UserAgent != "" {
			agent = r.UserAgent
		}
		add("User-Agent", agent)
	}
	if !r.NoDecompress && !o.NoDecompress {
		add("Accept-Encoding", "gzip")
	}
	if u := h.url.User; u != nil && r.Username == "" {
		password, _ := u.Password()
		add("Authorization", basic(u.Username(), password))
	} else if r.Username != "" && r.AuthMode == Basic {
		add("Authorization", basic(r.Username, r.Password))
	}
	if !r.IfModifiedSince.IsZero() {
		add("If-Modified-Since", httputil.FormatDate(r.IfModifiedSince))
	}
	h.writeBody(out)
	if out.length != 0 && h.method == "POST" {
		add("Content-Type", "application/x-www-form-urlencoded")
	}
	return nil
}

// writeBody says where the body comes from.
func (h *hop) writeBody(out *outgoing) {
	r := h.req
	switch {
	case r.BodyReader != nil:
		out.source = fromReader(r.BodyReader)
	case r.BodyProducer != nil:
		out.source = r.BodyProducer
	default:
		out.body, out.length = r.Body, int64(len(r.Body))
		return
	}
	out.length = r.BodyLength
	if out.length == 0 {
		out.length = -1
	}
	if out.expect = r.ExpectContinue; out.expect && !out.header.Has("Expect") {
		out.header.Append("Expect", "100-continue")
	}
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}
