package web

import (
	"fmt"
	"go/token"
	"regexp"
	"strings"
)

// A pattern says which paths a rule is for. It has one of three forms: pieces, a
// regular expression, or the prefix of a mount.
type pattern struct {
	source string
	prefix string // what every matching path begins with
	pieces []piece
	re     *regexp.Regexp
	mount  bool
	names  []string // of the values, in order; "" for a positional group
	// backward has the pieces to build a path from, nil if there is no one path.
	backward []piece
}

// A piece of a path is fixed text or a place for a value.
type piece struct {
	text string
	kind pieceKind
}

type pieceKind uint8

const (
	fixed   pieceKind = iota
	segment           // one non-empty segment
	rest              // all that is left
	group             // of a regular expression
)

// parsePath parses the pattern language of URL and Func.
func parsePath(source string) *pattern {
	p := &pattern{source: source}
	if !strings.HasPrefix(source, "/") {
		p.refuse("it does not begin with a slash")
	}
	text, left := "", source
	for left != "" {
		i := strings.IndexByte(left, '{')
		if i < 0 {
			text += left
			break
		}
		j := strings.IndexByte(left, '}')
		if j < i || left[i-1] != '/' || j+1 < len(left) && left[j+1] != '/' {
			p.refuse("a wildcard must fill a segment")
		}
		text += left[:i]
		wildcard := left[i+1 : j]
		if left = left[j+1:]; wildcard == "$" {
			if left != "" {
				p.refuse("{$} must stand at the end")
			}
			break
		}
		p.literal(text)
		p.wildcard(wildcard, left == "")
		text = ""
	}
	p.literal(text)
	if p.pieces[0].kind == fixed {
		p.prefix = p.pieces[0].text
	}
	p.backward = p.pieces
	return p
}

func (p *pattern) literal(text string) {
	if text == "" {
		return
	}
	if strings.ContainsAny(text, "}?#") {
		p.refuse("a path cannot hold }, ? or # unencoded")
	}
	text, ok := canonicalPath(text)
	if !ok {
		p.refuse("it has a broken percent-encoding")
	}
	p.pieces = append(p.pieces, piece{text: text})
}

func (p *pattern) wildcard(name string, last bool) {
	kind := segment
	if short, ok := strings.CutSuffix(name, "..."); ok {
		if !last {
			p.refuse("{" + name + "} must stand at the end")
		}
		kind, name = rest, short
	}
	if !token.IsIdentifier(name) {
		p.refuse("{" + name + "} does not name a value")
	}
	for _, other := range p.names {
		if other == name {
			p.refuse("{" + name + "} stands there twice")
		}
	}
	p.names = append(p.names, name)
	p.pieces = append(p.pieces, piece{kind: kind})
}

// parsePrefix parses the prefix of a Mount.
func parsePrefix(source string) *pattern {
	p := &pattern{source: source, mount: true}
	prefix, ok := canonicalPath(source)
	if !ok || !strings.HasPrefix(source, "/") || strings.ContainsAny(source, "{}?#") {
		p.refuse("a mount's prefix is a plain path that begins with a slash")
	}
	p.prefix = prefix
	return p
}

// refuse stops the program: a wrong pattern is a mistake in its source.
func (p *pattern) refuse(why string) {
	panic(fmt.Sprintf("web: pattern %q: %s", p.source, why))
}

// isLiteral reports whether exactly one path matches.
func (p *pattern) isLiteral() bool {
	return p.re == nil && !p.mount && len(p.pieces) == 1 && p.pieces[0].kind == fixed
}

// match reports whether a path matches, and appends the still encoded values to args.
// raw is the path as sent, path its canonical form.
func (p *pattern) match(raw, path string, args []string) ([]string, bool) {
	switch {
	case p.re != nil:
		return p.matchRegexp(raw, args)
	case p.mount:
		return args, p.matchMount(path)
	}
	return p.matchPieces(path, args)
}

func (p *pattern) matchPieces(path string, args []string) ([]string, bool) {
	for _, piece := range p.pieces {
		n := 0
		switch piece.kind {
		case fixed:
			if !strings.HasPrefix(path, piece.text) {
				return args, false
			}
			n = len(piece.text)
		case segment:
			if n = strings.IndexByte(path, '/'); n < 0 {
				n = len(path)
			}
			if n == 0 {
				return args, false
			}
			args = append(args, path[:n])
		default:
			n = len(path)
			args = append(args, path)
		}
		path = path[n:]
	}
	return args, path == ""
}

func (p *pattern) matchMount(path string) bool {
	left, ok := strings.CutPrefix(path, p.prefix)
	return ok && (left == "" || left[0] == '/' || strings.HasSuffix(p.prefix, "/"))
}

func (p *pattern) matchRegexp(raw string, args []string) ([]string, bool) {
	if !strings.HasPrefix(raw, p.prefix) {
		return args, false
	}
	found := p.re.FindStringSubmatchIndex(raw)
	if found == nil {
		return args, false
	}
	for i := 2; i < len(found); i += 2 {
		value := ""
		if found[i] >= 0 {
			value = raw[found[i]:found[i+1]]
		}
		args = append(args, value)
	}
	return args, true
}
