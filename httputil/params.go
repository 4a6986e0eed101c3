package httputil

import (
	"errors"
	"strings"
)

// A Param is one parameter of a header field's value: name=value.
type Param struct {
	Name  string // in lower case when it was parsed
	Value string // without its quotes
	Bare  bool   // there was no "=", as in extensions of WebSocket
}

// Params are the parameters behind a header field's value, in order, repeated names kept.
type Params []Param

var (
	errParamName  = errors.New("httputil: a parameter's name is not a token")
	errParamQuote = errors.New("httputil: a quoted parameter does not end as it should")
	errParamTwice = errors.New("httputil: a parameter is there twice")
	errParamValue = errors.New("httputil: a parameter's value holds a control character")
	errParamHead  = errors.New("httputil: the value before the parameters holds a semicolon, a quote or a control character")
)

// ParseParams splits a field's value such as `form-data; name="x"` into what stands before the
// first semicolon and the parameters behind it. In a quoted value, which may hold semicolons, \"
// and \\ are escapes; a backslash before anything else stands for itself, as file names with
// backslashes are sent that way. An unquoted value may be any text without a quote at its
// beginning. Spaces around names and values, and empty parameters, do not count. It fails, in fixed
// words, for names that are no tokens and for broken quotes. The cost is linear.
func ParseParams(field string) (value string, params Params, err error) {
	value, rest, more := strings.Cut(field, ";")
	for more {
		var p Param
		p, rest, more, err = parseParam(rest)
		if err != nil {
			return "", nil, err
		}
		if p.Name != "" {
			params = append(params, p)
		}
	}
	return TrimOWS(value), params, nil
}

// parseParam reads up to the next semicolon outside quotes. An empty parameter has no name.
func parseParam(s string) (p Param, rest string, more bool, err error) {
	end := strings.IndexAny(s, "=;")
	if end < 0 || s[end] == ';' {
		name, rest, more := strings.Cut(s, ";")
		p = Param{Name: strings.ToLower(TrimOWS(name)), Bare: true}
		if p.Name != "" && !IsToken(p.Name) {
			err = errParamName
		}
		return p, rest, more, err
	}
	p.Name = strings.ToLower(TrimOWS(s[:end]))
	if !IsToken(p.Name) {
		return p, "", false, errParamName
	}
	s = strings.TrimLeft(s[end+1:], " \t")
	if !strings.HasPrefix(s, `"`) {
		p.Value, rest, more = strings.Cut(s, ";")
		p.Value = TrimOWS(p.Value)
		return p, rest, more, nil
	}
	p.Value, s, err = unquoteParam(s[1:])
	if err != nil {
		return p, "", false, err
	}
	before, rest, more := strings.Cut(s, ";")
	if TrimOWS(before) != "" {
		err = errParamQuote
	}
	return p, rest, more, err
}

// unquoteParam reads a quoted value up to its closing quote and returns what follows.
func unquoteParam(s string) (value, rest string, err error) {
	end := strings.IndexByte(s, '"')
	if end < 0 {
		return "", "", errParamQuote
	}
	if strings.IndexByte(s[:end], '\\') < 0 {
		return s[:end], s[end+1:], nil
	}
	b := make([]byte, 0, end+16)
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return string(b), s[i+1:], nil
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
		}
		b = append(b, s[i])
	}
	return "", "", errParamQuote
}

// Get returns the first value of the parameter called name, which is in lower case, and whether there is one.
func (p Params) Get(name string) (value string, ok bool) {
	for i := range p {
		if p[i].Name == name {
			return p[i].Value, true
		}
	}
	return "", false
}

// FormatParams writes value and params as [ParseParams] reads them: values that are not tokens in
// quotes, and those beyond ASCII as name*=UTF-8”… (RFC 8187), which [Params.Extended] reads. It
// fails for names that are no tokens and for control characters.
func FormatParams(value string, params Params) (string, error) {
	if strings.ContainsAny(value, `;"`) || !IsFieldValue(value) {
		return "", errParamHead
	}
	b := []byte(value)
	for _, p := range params {
		if !IsToken(p.Name) {
			return "", errParamName
		}
		b = append(append(b, "; "...), p.Name...)
		switch {
		case p.Bare:
		case IsToken(p.Value):
			b = append(append(b, '='), p.Value...)
		case !IsFieldValue(p.Value):
			return "", errParamValue
		case isASCII(p.Value):
			b = append(b, '=', '"')
			for i := 0; i < len(p.Value); i++ {
				if c := p.Value[i]; c == '"' || c == '\\' {
					b = append(b, '\\')
				}
				b = append(b, p.Value[i])
			}
			b = append(b, '"')
		default:
			b = appendExtended(append(b, "*=UTF-8''"...), p.Value)
		}
	}
	return string(b), nil
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
