package formdata

import (
	"strings"

	"eddy/httputil"
)

// The content types of forms.
const (
	urlencodedType = "application/x-www-form-urlencoded"
	multipartType  = "multipart/form-data"
)

// formType returns the content type in lower case, and for a multipart form its boundary.
func formType(header *httputil.Header) (kind, boundary string, err error) {
	kind, _, _ = strings.Cut(header.Get("Content-Type"), ";")
	kind = strings.ToLower(httputil.TrimOWS(kind))
	_, params, err := httputil.ParseParams(header.Get("Content-Type"))
	switch {
	case kind != multipartType && kind != urlencodedType:
		return "", "", ErrNotForm
	case header.Has("Content-Encoding"):
		return "", "", errCoded // a server that has decoded it has removed the field
	case len(header.Values("Content-Type")) > 1 || err != nil:
		return "", "", errType
	case kind == urlencodedType:
		return kind, "", nil
	}
	for _, p := range params {
		if p.Name != "boundary" {
			continue
		}
		if boundary != "" || !isBoundary(p.Value) {
			return "", "", errNoBoundary
		}
		boundary = p.Value
	}
	if boundary == "" {
		return "", "", errNoBoundary
	}
	return kind, boundary, nil
}

// isBoundary reports whether s has the length of a boundary (RFC 2046 §5.1.1) and is printable. More
// characters than the RFC's are in use.
func isBoundary(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return s != "" && len(s) <= 70 && s[len(s)-1] != ' '
}
