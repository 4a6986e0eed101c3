package httputil

import (
	"errors"
	"strings"
)

// A Challenge is one way to authenticate that a server or a proxy offers in WWW-Authenticate or
// Proxy-Authenticate (RFC 9110 §11.3).
type Challenge struct {
	Scheme string // in lower case: "basic", "digest"
	Token  string // what stands behind the scheme in place of parameters (token68), as with Negotiate
	Params Params // "realm" and others, none of them twice
}

const (
	// MaxChallenges is how many challenges [ParseChallenges] takes at once.
	MaxChallenges = 32
	// MaxChallengeParams is how many parameters one of them may have.
	MaxChallengeParams = 32
)

var (
	errChallenge       = errors.New("httputil: malformed challenge")
	errChallengeScheme = errors.New("httputil: a challenge has no scheme")
	errChallengeMany   = errors.New("httputil: too many challenges, or parameters of one")
	errChallengeText   = errors.New("httputil: a challenge holds a control character")
)

// ParseChallenges reads the values of all WWW-Authenticate or Proxy-Authenticate fields of a
// response, each a list of challenges, which are returned in their order. An unquoted value may be any
// text without spaces, commas and quotes, because URLs are sent that way; in quotes, a backslash
// stands for what follows it (RFC 9110 §5.6.4).
//
// What is malformed hides the rest of its own field only: with the first error, in fixed words, come all
// challenges that can be read. There are at most [MaxChallenges] of [MaxChallengeParams]
// parameters each. The cost is linear. Authentication-Info has parameters without a scheme, and is
// read with one in front.
func ParseChallenges(values ...string) ([]Challenge, error) {
	var p challenges
	var first error
	for _, v := range values {
		if err := p.field(v); err != nil && first == nil {
			first = err
		}
	}
	return p.list, first
}

// challenges reads one field after another.
type challenges struct {
	list []Challenge
	rest string // of the field
}

func (p *challenges) field(value string) error {
	if !IsFieldValue(value) {
		return errChallengeText
	}
	p.rest = value
	var open *Challenge // whose parameters may follow
	for {
		p.skip(" \t,") // a list may have empty elements (RFC 9110 §5.6.1)
		if p.rest == "" {
			return nil
		}
		name := p.token()
		if name == "" {
			return p.fail(open, errChallenge)
		}
		var err error
		if after := strings.TrimLeft(p.rest, " \t"); strings.HasPrefix(after, "=") {
			p.rest = after[1:]
			err = p.param(open, name)
		} else {
			open, err = p.begin(name)
		}
		if err != nil {
			return p.fail(open, err)
		}
		if p.skip(" \t"); p.rest != "" && p.rest[0] != ',' {
			return p.fail(open, errChallenge)
		}
	}
}

// fail removes the challenge that turned out to be malformed.
func (p *challenges) fail(open *Challenge, err error) error {
	if open != nil {
		p.list = p.list[:len(p.list)-1]
	}
	return err
}

// begin starts a challenge and reads what stands behind its scheme.
func (p *challenges) begin(scheme string) (*Challenge, error) {
	if len(p.list) == MaxChallenges {
		return nil, errChallengeMany
	}
	p.list = append(p.list, Challenge{Scheme: strings.ToLower(scheme)})
	c := &p.list[len(p.list)-1]
	if p.rest == "" || p.rest[0] == ',' {
		return c, nil
	}
	p.skip(" \t")
	if p.rest == "" || p.rest[0] == ',' {
		return c, nil
	}
	if c.Token = p.token68(); c.Token != "" {
		return c, nil
	}
	name := p.token()
	p.skip(" \t")
	if name == "" || !strings.HasPrefix(p.rest, "=") {
		return c, errChallenge
	}
	p.rest = p.rest[1:]
	return c, p.param(c, name)
}

// param reads a parameter's value.
func (p *challenges) param(c *Challenge, name string) error {
	switch {
	case c == nil:
		return errChallengeScheme
	case c.Token != "":
		return errChallenge
	case len(c.Params) == MaxChallengeParams:
		return errChallengeMany
	}
	name = strings.ToLower(name)
	if _, twice := c.Params.Get(name); twice {
		return errParamTwice
	}
	p.skip(" \t")
	value, err := p.value()
	c.Params = append(c.Params, Param{Name: name, Value: value})
	return err
}

func (p *challenges) value() (value string, err error) {
	if strings.HasPrefix(p.rest, `"`) {
		value, p.rest, err = unquoteString(p.rest[1:])
		return value, err
	}
	if value = p.cut(strings.IndexAny(p.rest, " \t,\"")); value == "" {
		return "", errChallenge
	}
	return value, nil
}

// token68 reads a token68 that is an element's last part (RFC 9110 §11.2): "a=" is one, and "a=b" a
// parameter. If there is none, nothing is read.
func (p *challenges) token68() string {
	end := 0
	for end < len(p.rest) && isToken68Byte(p.rest[end]) {
		end++
	}
	if end == 0 {
		return ""
	}
	for end < len(p.rest) && p.rest[end] == '=' {
		end++
	}
	if after := strings.TrimLeft(p.rest[end:], " \t"); after != "" && after[0] != ',' {
		return ""
	}
	return p.cut(end)
}

func isToken68Byte(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("-._~+/", c) >= 0
}

func (p *challenges) token() string {
	end := 0
	for end < len(p.rest) && IsTokenByte(p.rest[end]) {
		end++
	}
	return p.cut(end)
}

// cut takes n bytes, or all if n is negative.
func (p *challenges) cut(n int) (s string) {
	if n < 0 {
		n = len(p.rest)
	}
	s, p.rest = p.rest[:n], p.rest[n:]
	return s
}

func (p *challenges) skip(set string) { p.rest = strings.TrimLeft(p.rest, set) }

// unquoteString reads a quoted-string (RFC 9110 §5.6.4) behind its first quote and returns what
// follows it.
func unquoteString(s string) (value, rest string, err error) {
	i := strings.IndexAny(s, `"\`)
	if i >= 0 && s[i] == '"' {
		return s[:i], s[i+1:], nil
	}
	var b []byte
	for i = 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return string(b), s[i+1:], nil
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b = append(b, s[i])
	}
	return "", "", errParamQuote
}
