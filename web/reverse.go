package web

import (
	"fmt"
	"net/url"
	"strings"
)

// reverse builds the path that leads to p with these values.
func (p *pattern) reverse(args []any) (string, error) {
	if p.backward == nil {
		return "", fmt.Errorf("web: pattern %q cannot be reversed", p.source)
	}
	if len(args) != len(p.names) {
		return "", fmt.Errorf("web: pattern %q takes %d values, not %d", p.source, len(p.names), len(args))
	}
	var b strings.Builder
	for _, piece := range p.backward {
		if piece.kind == fixed {
			b.WriteString(p.fixedText(piece.text))
			continue
		}
		value := fmt.Sprint(args[0])
		args = args[1:]
		if piece.kind == rest {
			b.WriteString(escapeSegments(value))
		} else {
			b.WriteString(url.PathEscape(value))
		}
	}
	path := b.String()
	if !p.accepts(path) {
		return "", fmt.Errorf("web: pattern %q does not match with these values", p.source)
	}
	return path, nil
}

// fixedText returns fixed text as it is sent. A regular expression describes the encoded
// path already; a canonical text has %2F and %25 encoded already.
func (p *pattern) fixedText(text string) string {
	if p.re != nil {
		return text
	}
	return keptEncoded.Replace(escapeSegments(text))
}

var keptEncoded = strings.NewReplacer("%252F", "%2F", "%2525", "%25")

func escapeSegments(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	return strings.Join(segments, "/")
}

// accepts reports whether path comes back to p. A client that follows it removes dot
// segments first (RFC 3986 §5.2.4), so a path with one does not.
func (p *pattern) accepts(path string) bool {
	for s := range strings.SplitSeq(path, "/") {
		if s == "." || s == ".." {
			return false
		}
	}
	canonical, ok := canonicalPath(path)
	if !ok {
		return false
	}
	_, ok = p.match(path, canonical, nil)
	return ok
}
