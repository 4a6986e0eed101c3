package web

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Argument returns the value of an argument of the query or of a form, urlencoded or multipart. If it
// is repeated, the last one counts, the body's after the query's. The value is trimmed
// of white space, and control characters in it, but for tabs and line breaks, are
// replaced by spaces. It fails with a [MissingArgumentError], an
// [InvalidArgumentError], or what [RequestHandler.Form] fails with: the first use of a
// body's arguments reads the form, and waits for it.
func (h *RequestHandler) Argument(name string) (string, error) {
	return h.required(name, fromQuery|fromBody)
}

// ArgumentOr is Argument with a value to return if the argument is missing.
func (h *RequestHandler) ArgumentOr(name, otherwise string) (string, error) {
	return h.optional(name, otherwise, fromQuery|fromBody)
}

// Arguments returns all values of an argument, those of the query first, each cleaned as
// by [RequestHandler.Argument]; none is no error.
func (h *RequestHandler) Arguments(name string) ([]string, error) {
	return h.all(name, fromQuery|fromBody)
}

// QueryArgument is [RequestHandler.Argument] for the query alone; it reads no body.
func (h *RequestHandler) QueryArgument(name string) (string, error) {
	return h.required(name, fromQuery)
}

// QueryArgumentOr is [RequestHandler.ArgumentOr] for the query alone.
func (h *RequestHandler) QueryArgumentOr(name, otherwise string) (string, error) {
	return h.optional(name, otherwise, fromQuery)
}

// QueryArguments is [RequestHandler.Arguments] for the query alone.
func (h *RequestHandler) QueryArguments(name string) ([]string, error) {
	return h.all(name, fromQuery)
}

// BodyArgument is [RequestHandler.Argument] for the body alone.
func (h *RequestHandler) BodyArgument(name string) (string, error) {
	return h.required(name, fromBody)
}

// BodyArgumentOr is [RequestHandler.ArgumentOr] for the body alone.
func (h *RequestHandler) BodyArgumentOr(name, otherwise string) (string, error) {
	return h.optional(name, otherwise, fromBody)
}

// BodyArguments is [RequestHandler.Arguments] for the body alone.
func (h *RequestHandler) BodyArguments(name string) ([]string, error) {
	return h.all(name, fromBody)
}

// source says where arguments are looked for.
type source uint8

const (
	fromQuery source = 1 << iota
	fromBody
)

func (h *RequestHandler) required(name string, from source) (string, error) {
	value, ok, err := h.last(name, from)
	if err == nil && !ok {
		err = &MissingArgumentError{Name: name}
	}
	return value, err
}

func (h *RequestHandler) optional(name, otherwise string, from source) (string, error) {
	value, ok, err := h.last(name, from)
	if err == nil && !ok {
		value = otherwise
	}
	return value, err
}

// last returns the last value of an argument, and whether there is one.
func (h *RequestHandler) last(name string, from source) (value string, ok bool, err error) {
	if from&fromBody != 0 {
		form, err := h.readForm(h.formOptions())
		if err != nil {
			return "", false, err
		}
		if form != nil {
			value, ok = lastOf(form.Values[name])
		}
	}
	if from&fromQuery != 0 && !ok {
		value, ok = h.Request.QueryArgument(name)
	}
	if !ok {
		return "", false, nil
	}
	value, err = cleanArgument(name, value)
	return value, true, err
}

func lastOf(values []string) (string, bool) {
	if len(values) == 0 {
		return "", false
	}
	return values[len(values)-1], true
}

func (h *RequestHandler) all(name string, from source) ([]string, error) {
	values, err := h.raw(name, from)
	if err != nil {
		return nil, err
	}
	values = slices.Clone(values) // those of before belong to the request
	for i, v := range values {
		if values[i], err = cleanArgument(name, v); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func (h *RequestHandler) raw(name string, from source) ([]string, error) {
	var values []string
	if from&fromQuery != 0 {
		values = h.Request.QueryArguments()[name]
	}
	if from&fromBody == 0 {
		return values, nil
	}
	form, err := h.readForm(h.formOptions())
	if err != nil {
		return nil, err
	}
	if form == nil {
		return values, nil
	}
	return append(slices.Clip(values), form.Values[name]...), nil
}

func cleanArgument(name, value string) (string, error) {
	if !utf8.ValidString(value) {
		return "", &InvalidArgumentError{name}
	}
	if strings.ContainsFunc(value, isControl) {
		value = strings.Map(func(r rune) rune {
			if isControl(r) {
				return ' '
			}
			return r
		}, value)
	}
	return strings.TrimSpace(value), nil
}

// isControl reports whether r has no place in text: control characters but for the
// white space among them.
func isControl(r rune) bool { return r < ' ' && (r < '\t' || r > '\r') }
