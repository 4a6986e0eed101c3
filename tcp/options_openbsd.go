package tcp

import "time"

// keepAliveOptions is empty: OpenBSD has these times for the whole system only.
var keepAliveOptions map[int]time.Duration
