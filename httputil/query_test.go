package httputil_test

import (
	"net/url"
	"testing"

	"eddy/httputil"
)

var queries = []string{
	"", "a=1", "a=1&a=2", "b=1&a=2&b=3", "a", "a=", "=a", "&&a=1&", "a=1;b=2", "a=1&a=%zz", "a=%zz&a=1",
	"%61=x+y", "a+b=1", "a%20b=%26", "%=1", "a=1=2",
}

// QueryArgument and QueryArguments must agree on every query.
func FuzzRequest_QueryArgument(f *testing.F) {
	for _, q := range queries {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		want, _ := url.ParseQuery(query)
		names := []string{"", "a", "b", "a b"}
		for name := range want {
			names = append(names, name)
		}
		for _, name := range names {
			fresh, parsed := httputil.Request{Query: query}, httputil.Request{Query: query}
			parsed.QueryArguments()
			v1, ok1 := fresh.QueryArgument(name)
			v2, ok2 := parsed.QueryArgument(name)
			values := want[name]
			if ok1 != (len(values) > 0) || ok1 && v1 != values[len(values)-1] || ok1 != ok2 || v1 != v2 {
				t.Errorf("%q of %q: %q %v, parsed %q %v, want the last of %q", name, query, v1, ok1, v2, ok2, values)
			}
		}
	})
}

func BenchmarkRequest_QueryArgument(b *testing.B) {
	r := httputil.Request{Query: "ms=0"}
	b.ReportAllocs()
	for b.Loop() {
		r.QueryArgument("ms")
	}
}
