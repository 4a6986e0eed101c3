package nethttp

import (
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"

	"eddy/httputil"
)

// fieldsOf lists a header for the engine, in the order of the names, as a map has none of its own. It
// leaves out what the engine frames by itself. Values are made safe as net/http makes them: a
// line break becomes a space.
func (w *responseWriter) fieldsOf(h http.Header) httputil.Header {
	fields := httputil.HeaderOver(w.fields[:])
	for name, values := range h {
		switch {
		case name == "Content-Length", name == "Transfer-Encoding":
		case strings.HasPrefix(name, http.TrailerPrefix):
			w.unsized = true
		default:
			for _, v := range values {
				// A refused field is dropped: net/http has no way to tell either.
				_ = fields.Add(name, safeValue(v))
			}
		}
	}
	sortFields(fields.Fields())
	return fields
}

// sortFields sorts by insertion: there are few fields, and those of one name keep their order.
func sortFields(fields []httputil.Field) {
	for i := 1; i < len(fields); i++ {
		for j := i; j > 0 && fields[j].Name < fields[j-1].Name; j-- {
			fields[j], fields[j-1] = fields[j-1], fields[j]
		}
	}
}

func safeValue(v string) string {
	return httputil.TrimOWS(lineBreaks.Replace(v))
}

var lineBreaks = strings.NewReplacer("\r", " ", "\n", " ")

// announceTrailers notes the names in the header's Trailer fields.
func (w *responseWriter) announceTrailers() {
	for _, list := range w.header["Trailer"] {
		w.unsized = true
		for name := range strings.SplitSeq(list, ",") {
			name = http.CanonicalHeaderKey(httputil.TrimOWS(name))
			if httpguts.ValidTrailerHeader(name) {
				w.trailers = append(w.trailers, name)
			}
		}
	}
}

// sendTrailer gives the engine the trailer, as it is in the header now: the fields that were
// announced, and those with http.TrailerPrefix.
func (w *responseWriter) sendTrailer() {
	var trailer httputil.Header
	add := func(name string, values []string) {
		for _, v := range values {
			_ = trailer.Add(name, safeValue(v))
		}
	}
	for _, name := range w.trailers {
		add(name, w.header[name])
	}
	for key, values := range w.header {
		if name, ok := strings.CutPrefix(key, http.TrailerPrefix); ok {
			add(name, values)
		}
	}
	if trailer.Len() > 0 {
		sortFields(trailer.Fields())
		_ = w.w.SetTrailer(&trailer) // an error tells that the response has ended already
	}
}
