package httpclient

import (
	"strconv"
	"strings"
	"time"

	"eddy/httputil"
)

// maxHint bounds what is believed of a server's time, in seconds.
const maxHint = 1 << 24

// restTime returns how long a connection may rest: limit, or less if its server says that it closes before then
// (Keep-Alive: timeout=5, RFC 2068 §19.7.1.1). A request that is sent then has a second to get there, or half of
// a shorter time.
func restTime(limit time.Duration, h *httputil.Header) time.Duration {
	if !h.Has("Keep-Alive") {
		return limit
	}
	for param := range strings.SplitSeq(h.Joined("Keep-Alive"), ",") {
		name, value, _ := strings.Cut(param, "=")
		n, err := strconv.ParseUint(httputil.TrimOWS(value), 10, 32)
		if err == nil && strings.EqualFold(httputil.TrimOWS(name), "timeout") {
			d := time.Duration(min(n, maxHint)) * time.Second
			limit = min(limit, d-min(d/2, time.Second))
		}
	}
	return limit
}
