package httputil_test

import (
	"fmt"
	"strings"
	"testing"

	"eddy/httputil"
)

func TestParseRange(t *testing.T) {
	const whole, none = "[]", "416"
	many := "bytes=" + strings.TrimSuffix(strings.Repeat("0-0,", httputil.MaxRanges), ",")
	for _, tc := range []struct {
		field string
		size  int64
		want  string
	}{
		{"", 10, whole},
		{"bytes=", 10, whole},
		{"bytes=,", 10, whole},
		{"bytes", 10, whole},
		{"foo=42", 10, whole},
		{"items=0-1", 10, whole},
		{"bytes=1-2", 10, "[{1 3}]"},
		{"Bytes = 1-2", 10, "[{1 3}]"},
		{"bytes=6-", 10, "[{6 10}]"},
		{"bytes=-6", 10, "[{4 10}]"},
		{"bytes=-60", 10, "[{0 10}]"},
		{"bytes=0-", 10, "[{0 10}]"},
		{"bytes=0-0", 10, "[{0 1}]"},
		{"bytes=9-9", 10, "[{9 10}]"},
		{"bytes=5-100", 10, "[{5 10}]"},
		{"bytes=5-99999999999999999999", 10, "[{5 10}]"},
		{"bytes=5-9223372036854775807", 10, "[{5 10}]"},
		{"bytes=-99999999999999999999", 10, "[{0 10}]"},
		{"bytes=99999999999999999999-", 10, none},
		{"bytes=10-", 10, none},
		{"bytes=10-20", 10, none},
		{"bytes=-0", 10, none},
		{"bytes=0-", 0, none},
		{"bytes=-0", 0, none},
		{"bytes=-5", 0, whole},
		{"bytes=5-2", 10, whole},
		{"bytes=a-b", 10, whole},
		{"bytes=1", 10, whole},
		{"bytes=-", 10, whole},
		{"bytes=--1", 10, whole},
		{"bytes=+1-2", 10, whole},
		{"bytes=1-+2", 10, whole},
		{"bytes=1 -2", 10, whole},
		{"bytes=1_0-2_0", 100, whole},
		{"bytes=0-1-2", 10, whole},
		{"bytes=0x1-2", 10, whole},
		{"bytes=0-1,x", 10, whole},
		{"bytes=0-1, 500-501", 1000, "[{0 2} {500 502}]"},
		{"bytes= 500-501 ,, 0-1", 1000, "[{500 502} {0 2}]"}, // as asked
		{"bytes=500-501,0-1,1-5", 1000, "[{0 6} {500 502}]"}, // joined, so ascending
		{"bytes=0-9,10-19", 1000, "[{0 20}]"},
		{"bytes=0-9,88-99", 1000, "[{0 100}]"}, // a gap shorter than a part's head
		{"bytes=0-9,90-99", 1000, "[{0 10} {90 100}]"},
		{"bytes=0-500,100-200", 1000, "[{0 501}]"},
		{"bytes=0-,0-,0-", 1000, "[{0 1000}]"},
		{"bytes=2000-,0-1", 1000, "[{0 2}]"},
		{"bytes=2000-,3000-", 1000, none},
		{many, 10, "[{0 1}]"},
		{many + ",0-0", 10, whole},
	} {
		got, err := httputil.ParseRange(tc.field, tc.size)
		text := fmt.Sprint(got)
		if err != nil {
			text = "416"
			if err != httputil.ErrRange || got != nil {
				t.Errorf("%s: %v, %v", tc.field, got, err)
			}
		}
		if text != tc.want {
			t.Errorf("%.60s of %d: %s, want %s", tc.field, tc.size, text, tc.want)
		}
	}
}

func TestByteRange_ContentRange(t *testing.T) {
	r := httputil.ByteRange{Start: 3, End: 10}
	if r.Len() != 7 {
		t.Errorf("length %d", r.Len())
	}
	for size, want := range map[int64]string{10: "bytes 3-9/10", -1: "bytes 3-9/*"} {
		if got := r.ContentRange(size); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := httputil.UnsatisfiedRange(10); got != "bytes */10" {
		t.Errorf("%q", got)
	}
}

// Ranges lie within the representation, are not empty, and do not overlap.
func FuzzParseRange(f *testing.F) {
	f.Add("bytes=0-1,5-6,-3", int64(1000))
	f.Add("bytes=-1,0-", int64(1))
	f.Add("bytes=9223372036854775807-9223372036854775807", int64(1<<62))
	f.Fuzz(func(t *testing.T, field string, size int64) {
		if size < 0 {
			return
		}
		ranges, err := httputil.ParseRange(field, size)
		if err != nil && ranges != nil || len(ranges) > httputil.MaxRanges {
			t.Errorf("%v and %v", ranges, err)
		}
		for i, r := range ranges {
			if r.Start < 0 || r.End <= r.Start || r.End > size {
				t.Errorf("%q of %d: %v", field, size, r)
			}
			for _, other := range ranges[:i] {
				if r.Start < other.End && other.Start < r.End {
					t.Errorf("%q of %d: %v and %v overlap", field, size, other, r)
				}
			}
		}
	})
}
