package main

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// plain returns a text of a server's with nothing in it that a terminal would obey, or show in another order: such
// characters are written as Go does. Lines and tabs stay.
func plain(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		c, n := utf8.DecodeRuneInString(text)
		switch {
		case c == utf8.RuneError && n == 1:
			b.WriteString(`\x` + strconv.FormatUint(uint64(text[0]), 16))
		case c == '\n' || c == '\t' || unicode.IsPrint(c):
			b.WriteRune(c)
		default:
			quoted := strconv.QuoteRuneToASCII(c)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		text = text[n:]
	}
	return b.String()
}
