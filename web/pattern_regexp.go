package web

import (
	"regexp"
	"regexp/syntax"
)

// parseRegexp parses the pattern language of Regexp.
func parseRegexp(source string) *pattern {
	p := &pattern{source: source}
	bare, err := regexp.Compile(source)
	if err != nil {
		p.refuse(err.Error())
	}
	p.names = bare.SubexpNames()[1:]
	named := 0
	for _, name := range p.names {
		if name != "" {
			named++
		}
	}
	if named != 0 && named != len(p.names) {
		p.refuse("its groups must be all named or all positional")
	}
	p.prefix, _ = bare.LiteralPrefix()
	p.re = regexp.MustCompile(`\A(?:` + source + `)\z`)
	p.backward = backward(source)
	return p
}

// backward splits an expression into fixed text and groups. It returns nil if there is
// anything else at the top, because then no one path leads to it.
func backward(source string) []piece {
	tree, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return nil
	}
	parts := []*syntax.Regexp{tree}
	if tree.Op == syntax.OpConcat {
		parts = tree.Sub
	}
	pieces := []piece{}
	for _, part := range parts {
		switch part.Op {
		case syntax.OpBeginText, syntax.OpEndText, syntax.OpEmptyMatch:
		case syntax.OpLiteral:
			if part.Flags&syntax.FoldCase != 0 {
				return nil
			}
			pieces = append(pieces, piece{text: string(part.Rune)})
		case syntax.OpCapture:
			if part.MaxCap() != part.Cap { // groups within groups
				return nil
			}
			pieces = append(pieces, piece{kind: group})
		default:
			return nil
		}
	}
	return pieces
}
