package httputil

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
)

// ErrRange is returned by [ParseRange] when no range lies within the representation; the answer to
// it is 416 with the Content-Range of [UnsatisfiedRange].
var ErrRange = errors.New("httputil: no satisfiable range")

const (
	// MaxRanges is how many ranges [ParseRange] takes at once. Beyond it a request is answered
	// whole: lists of thousands of ranges serve attacks only.
	MaxRanges = 32
	// rangeGap is how many bytes between two ranges cost less than the head of one more part.
	rangeGap = 80
)

// A ByteRange is a part of a representation, from Start up to, not including, End.
type ByteRange struct {
	Start, End int64
}

// Len returns the number of bytes.
func (r ByteRange) Len() int64 { return r.End - r.Start }

// ContentRange returns the value of the field that goes with r out of size bytes; a size below zero
// says that it is not known (RFC 9110 §14.4).
func (r ByteRange) ContentRange(size int64) string {
	b := strconv.AppendInt(append(make([]byte, 0, 48), "bytes "...), r.Start, 10)
	b = strconv.AppendInt(append(b, '-'), r.End-1, 10)
	if size < 0 {
		return string(append(b, "/*"...))
	}
	return string(strconv.AppendInt(append(b, '/'), size, 10))
}

// UnsatisfiedRange returns the Content-Range of a 416 (RFC 9110 §15.5.17).
func UnsatisfiedRange(size int64) string { return "bytes */" + strconv.FormatInt(size, 10) }

// ParseRange returns the ranges that the value of a Range field asks of a representation of size
// bytes, cut to it. None, without an error, says that the field does not count and the whole is to
// be sent with 200: it is empty, breaks the grammar, has another unit than bytes or more than
// [MaxRanges] ranges, or wants the end of what has no bytes. It fails with [ErrRange] when all
// ranges lie beyond the end.
//
// Ranges come in the order that they were asked for, unless some overlap or lie closer together than a part's
// head is long: then those are joined, and all come in ascending order (RFC 9110 §14.2, §15.3.7.2). One range
// over the whole is returned as such.
func ParseRange(field string, size int64) ([]ByteRange, error) {
	unit, set, ok := strings.Cut(field, "=")
	if !ok || !equalFold(TrimOWS(unit), "bytes") {
		return nil, nil
	}
	var ranges []ByteRange
	count, satisfied := 0, false
	for spec := range strings.SplitSeq(set, ",") {
		if spec = TrimOWS(spec); spec == "" { // RFC 9110 §5.6.1.2
			continue
		}
		r, valid, within := parseRangeSpec(spec, size)
		if count++; !valid || count > MaxRanges {
			return nil, nil
		}
		satisfied = satisfied || within
		if r.Len() > 0 {
			ranges = append(ranges, r)
		}
	}
	if count > 0 && !satisfied {
		return nil, ErrRange
	}
	return coalesce(ranges), nil
}

// parseRangeSpec reads "first-last", "first-" or "-length". within reports whether the
// representation can satisfy it.
func parseRangeSpec(spec string, size int64) (r ByteRange, valid, within bool) {
	first, last, ok := strings.Cut(spec, "-")
	if !ok {
		return r, false, false
	}
	if first == "" {
		n, ok := parseDigits(last)
		if !ok {
			return r, false, false
		}
		// The end of nothing is nothing, and yet satisfiable (RFC 9110 §14.1.2).
		return ByteRange{size - min(n, size), size}, true, n > 0
	}
	r.Start, ok = parseDigits(first)
	r.End = size
	if ok && last != "" {
		var n int64
		n, ok = parseDigits(last)
		ok = ok && n >= r.Start
		r.End = min(n, size-1) + 1
	}
	if !ok || r.Start >= size {
		return ByteRange{}, ok, false
	}
	return r, true, true
}

// parseDigits reads 1*DIGIT. A number beyond int64 is the largest one: it is valid, and beyond
// every end.
func parseDigits(s string) (int64, bool) {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return math.MaxInt64, true
	}
	return n, err == nil
}

func coalesce(asked []ByteRange) []ByteRange {
	if len(asked) < 2 {
		return asked
	}
	sorted := slices.SortedFunc(slices.Values(asked), func(a, b ByteRange) int { return cmp.Compare(a.Start, b.Start) })
	joined := sorted[:1]
	for _, r := range sorted[1:] {
		if last := &joined[len(joined)-1]; r.Start-last.End < rangeGap {
			last.End = max(last.End, r.End)
		} else {
			joined = append(joined, r)
		}
	}
	if len(joined) == len(asked) {
		return asked
	}
	return joined
}
