package main

import (
	"fmt"
	"strings"
	"time"

	"eddy/httpclient"
)

// timings returns a table of when the phases of a fetch were over. Those that had no time of their
// own, as a connection that was there has not, are left out.
func timings(url string, t httpclient.TimeInfo) string {
	var b strings.Builder
	fmt.Fprintln(&b, url)
	for _, row := range []struct {
		name string
		at   time.Duration
	}{
		{"waited for its turn", t.Queue},
		{"redirects followed", t.Redirect},
		{"name looked up", t.NameLookup},
		{"connected", t.Connect},
		{"TLS up", t.AppConnect},
		{"request sent", t.PreTransfer},
		{"first byte", t.StartTransfer},
		{"all", t.Total},
	} {
		if row.at > 0 {
			fmt.Fprintf(&b, "  %-20s %10.1f ms\n", row.name, float64(row.at)/float64(time.Millisecond))
		}
	}
	return b.String()
}
