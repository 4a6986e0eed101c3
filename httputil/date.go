package httputil

import (
	"errors"
	"time"
)

var errDate = errors.New("httputil: not an HTTP date")

const imfFixdate = "Mon, 02 Jan 2006 15:04:05 GMT"

// FormatDate returns t in the form that HTTP sends: "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 §5.6.7),
// in any locale. Fractions of a second are cut off.
func FormatDate(t time.Time) string { return t.UTC().Format(imfFixdate) }

// ParseDate reads a date in one of the three forms that RFC 9110 §5.6.7 wants understood: the one
// of [FormatDate], that of RFC 850 ("Sunday, 06-Nov-94 08:49:37 GMT"), and that of C's asctime
// ("Sun Nov 6 08:49:37 1994"). Of the century that RFC 850 leaves out it takes the one that puts
// the date at most 50 years after now. A weekday that does not fit, or a leap second, is an error.
func ParseDate(s string, now time.Time) (time.Time, error) {
	for _, layout := range [...]string{imfFixdate, time.ANSIC} {
		// The comparison refuses what time.Parse is lenient about: fractions, other cases.
		if t, err := time.Parse(layout, s); err == nil && t.Format(layout) == s {
			return t, nil
		}
	}
	const rfc850 = "Monday, 02-Jan-06 15:04:05 GMT"
	t, err := time.Parse(rfc850, s)
	if err != nil {
		return time.Time{}, errDate
	}
	at := func(year int) time.Time {
		return time.Date(year, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
	}
	now = now.UTC()
	year := now.Year()/100*100 + 100 + t.Year()%100
	for at(year).After(now.AddDate(50, 0, 0)) {
		year -= 100
	}
	if t = at(year); t.Format(rfc850) != s {
		return time.Time{}, errDate
	}
	return t, nil
}
