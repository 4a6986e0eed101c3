package httputil

import "strings"

// Quality returns the weight, from 0 to 1000, that a list of weighted values such as `gzip;q=0.8,
// *;q=0.1` gives to item: that of its own entry, else that of "*", else -1 (RFC 9110 §12.4.2).
// Parameters but for q are skipped. Of an item that is listed twice the first counts; a malformed
// weight is 0. For Accept-Encoding and Accept-Language; the media types of Accept want more. The
// values of several fields are joined first, by [Header.Joined].
func Quality(list, item string) int {
	star := -1
	for entry := range strings.SplitSeq(list, ",") {
		name, params, _ := strings.Cut(entry, ";")
		switch name = TrimOWS(name); {
		case equalFold(name, item):
			return quality(params)
		case name == "*" && star < 0:
			star = quality(params)
		}
	}
	return star
}

// AcceptsCoding reports whether a client with this Accept-Encoding (all fields joined) takes a
// response in coding: "gzip", "br", "identity" and so on. One with weight 0 is refused; "identity"
// is taken unless it is refused by name or by "*" (RFC 9110 §12.5.3).
func AcceptsCoding(acceptEncoding, coding string) bool {
	q := Quality(acceptEncoding, coding)
	if equalFold(coding, "identity") {
		return q != 0
	}
	return q > 0
}

// quality returns the weight among the parameters of one entry in thousandths.
func quality(params string) int {
	for p := range strings.SplitSeq(params, ";") {
		name, value, ok := strings.Cut(p, "=")
		if ok && equalFold(TrimOWS(name), "q") {
			return parseWeight(TrimOWS(value))
		}
	}
	return 1000
}

// parseWeight reads a qvalue: 0 or 1 with up to three decimals (RFC 9110 §12.4.2).
func parseWeight(s string) int {
	if s == "" || len(s) > 5 || s[0] != '0' && s[0] != '1' || len(s) > 1 && s[1] != '.' {
		return 0
	}
	q, unit := int(s[0]-'0')*1000, 100
	for _, c := range []byte(s[min(2, len(s)):]) {
		if c < '0' || c > '9' {
			return 0
		}
		q += int(c-'0') * unit
		unit /= 10
	}
	if q > 1000 {
		return 0
	}
	return q
}
