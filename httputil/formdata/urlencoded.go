package formdata

import (
	"net/url"
	"strings"
)

// parseURLEncoded reads arguments with the rules that query strings have here: blank values count,
// and a semicolon is refused, which some take for a separator. A broken escape makes the whole form
// malformed.
func parseURLEncoded(text string, most int) (url.Values, error) {
	values := url.Values{}
	count := 0
	for piece := range strings.SplitSeq(text, "&") {
		if piece == "" {
			continue
		}
		if count++; count > most {
			return nil, errArguments
		}
		if strings.Contains(piece, ";") {
			return nil, errEscape
		}
		name, value, _ := strings.Cut(piece, "=")
		name, err1 := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil {
			return nil, errEscape
		}
		values[name] = append(values[name], value)
	}
	return values, nil
}
