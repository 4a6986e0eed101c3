package httputil_test

import (
	"testing"
	"time"

	"eddy/httputil"
)

func TestFormatDate(t *testing.T) {
	const want = "Sun, 27 Jan 2013 18:43:20 GMT"
	at := time.Unix(1359312200, 503611000)
	for _, zone := range []*time.Location{time.UTC, time.FixedZone("EST", -5*3600), time.FixedZone("", 12*3600)} {
		if got := httputil.FormatDate(at.In(zone)); got != want {
			t.Errorf("in %v: %q, want %q", zone, got, want)
		}
	}
}

func TestParseDate(t *testing.T) {
	now := time.Date(2026, 11, 21, 0, 0, 0, 0, time.FixedZone("X", 3600))
	for text, want := range map[string]string{
		"Sun, 06 Nov 1994 08:49:37 GMT":    "1994-11-06T08:49:37Z",
		"Sunday, 06-Nov-94 08:49:37 GMT":   "1994-11-06T08:49:37Z",
		"Sun Nov  6 08:49:37 1994":         "1994-11-06T08:49:37Z",
		"Wed Nov 16 08:49:37 1994":         "1994-11-16T08:49:37Z",
		"Saturday, 21-Nov-26 00:00:00 GMT": "2026-11-21T00:00:00Z",
		"Friday, 20-Nov-76 00:00:00 GMT":   "2076-11-20T00:00:00Z", // not quite 50 years ahead
		"Monday, 22-Nov-76 00:00:00 GMT":   "1976-11-22T00:00:00Z", // more
		"Tuesday, 29-Feb-00 00:00:00 GMT":  "2000-02-29T00:00:00Z",
		"Sun, 06 Nov 1994 08:49:37.5 GMT":  "",
		"sun, 06 nov 1994 08:49:37 gmt":    "",
		"Sun, 6 Nov 1994 08:49:37 GMT":     "",
		"Mon, 06 Nov 1994 08:49:37 GMT":    "", // it was a Sunday
		"Sun, 06 Nov 1994 08:49:37 UTC":    "",
		"Sun, 06 Nov 1994 08:49:37 +0000":  "",
		"Sun, 06 Nov 1994 08:49:60 GMT":    "",
		"Sun, 31 Feb 1994 08:49:37 GMT":    "",
		"Sun Nov 6 08:49:37 1994":          "",
		"Monday, 06-Nov-94 08:49:37 GMT":   "",
		"Sunday, 06-Nov-94 08:49:37.1 GMT": "",
		" Sun, 06 Nov 1994 08:49:37 GMT":   "",
		"784111777":                        "",
		"0":                                "",
		"":                                 "",
	} {
		got, err := httputil.ParseDate(text, now)
		switch {
		case want == "" && err == nil:
			t.Errorf("%q was taken for %v", text, got)
		case want != "" && (err != nil || got.Format(time.RFC3339) != want):
			t.Errorf("%q: %v, %v; want %s", text, got, err, want)
		}
	}
}

func FuzzParseDate(f *testing.F) {
	f.Add("Sun, 06 Nov 1994 08:49:37 GMT", int64(1e9))
	f.Add("Sunday, 06-Nov-94 08:49:37 GMT", int64(4e9))
	f.Fuzz(func(t *testing.T, s string, unix int64) {
		now := time.Unix(unix%(1<<37), 0)
		got, err := httputil.ParseDate(s, now)
		if err != nil {
			return
		}
		again, err := httputil.ParseDate(httputil.FormatDate(got), now)
		if err != nil || !again.Equal(got) {
			t.Errorf("%q: %v, and again %v, %v", s, got, again, err)
		}
	})
}
