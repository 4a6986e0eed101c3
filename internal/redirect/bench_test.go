package redirect_test

import (
	"net/url"
	"testing"

	"eddy/internal/redirect"
)

const ordinary = "https://www.example.com:8443/a/path?with=a&query=too"

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		redirect.Parse(ordinary)
	}
}

// BenchmarkParse_URL is what package net/url takes alone.
func BenchmarkParse_URL(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		url.Parse(ordinary)
	}
}
