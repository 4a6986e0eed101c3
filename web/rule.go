package web

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"

	"eddy/httputil"
	"eddy/internal/habit"
	"eddy/internal/nethttp"
)

// Rule joins requests to what answers them. [URL], [Regexp], [Func], [Mount], [Match]
// and [Host] make rules; the zero Rule is not valid.
type Rule struct {
	entry
	rules []Rule // of a Match, which has no pattern of its own
	guard guard
}

type guard func(*httputil.Request) bool

// An entry is one rule of the flat list that a router searches.
type entry struct {
	name    string
	pattern *pattern
	guards  []guard
	route   *route           // either this
	mounted httputil.Handler // or this
	place   habit.Place
	packing packing
	habits  [verbNone]*habit.Habit // what is learned, for each verb that the route has
}

// RuleOption is an option of [URL], [Regexp] or [Func]; [OnLoop], [InGoroutine] and [Compress]
// are also options of [Mount].
type RuleOption func(*Rule)

// Name names a rule for [Application.ReverseURL]. Names are unique in an application.
func Name(name string) RuleOption {
	return func(r *Rule) {
		if r.mounted != nil {
			panic("web: Name is not an option of Mount, which has no one path")
		}
		r.name = name
	}
}

// Methods says which methods a [Func] answers; others get a 405. With GET comes HEAD.
// It is for Func only: a handler type has its methods.
//
// It does not take part in matching. A later rule for the same path is never reached;
// use a handler type to answer each method by code of its own.
func Methods(methods ...string) RuleOption {
	return func(r *Rule) {
		if !r.isFunc() {
			panic("web: Methods is an option of Func; a handler answers the methods that it has")
		}
		r.route.restrict(methods)
	}
}

// URL returns a rule for a path and a handler type, given by a prototype that is copied
// for every request.
//
// A pattern is a path in the style of http.ServeMux. {name} stands for one non-empty
// segment, {name...}, at the end, for the rest of the path, which may be empty. The path
// must match as a whole: unlike in a ServeMux, "/a/" is not a prefix, and a {$} behind
// it is allowed and says nothing new. Paths match percent-decoded, but an encoded slash
// never separates segments. [RequestHandler.PathValue] returns the decoded values.
//
// URL panics if the pattern is wrong, or if the prototype's type has no method to
// answer with, declares one on its value rather than its pointer (each call would work
// on a copy), or does not embed RequestHandler by value.
func URL[T any, P interface {
	*T
	Handler
}](pattern string, prototype T, opts ...RuleOption) Rule {
	return newRule(parsePath(pattern), newRoute[T, P](prototype), opts)
}

// Regexp is [URL] with Tornado's pattern language: a regular expression (package regexp)
// that must match the whole path as the client sent it, percent-encoding included. Its
// groups, decoded, are the path values: all named, for [RequestHandler.PathValue], or
// all positional, for [RequestHandler.PathArgs]. A group that took no part in the match
// is "". A plus sign stays a plus sign.
func Regexp[T any, P interface {
	*T
	Handler
}](pattern string, prototype T, opts ...RuleOption) Rule {
	return newRule(parseRegexp(pattern), newRoute[T, P](prototype), opts)
}

// Func returns a rule for a function, which answers every method unless [Methods] says
// less. Patterns are those of [URL].
func Func(pattern string, f func(ctx context.Context, h *RequestHandler) error, opts ...RuleOption) Rule {
	return newRule(parsePath(pattern), newRoute(function{f: f}), opts)
}

type function struct {
	RequestHandler
	f func(context.Context, *RequestHandler) error
}

func (h *function) Any(ctx context.Context) error { return h.f(ctx, &h.RequestHandler) }

// Mount returns a rule that hands every path below prefix to h: with a slash at its end
// "/api/" takes all that begins with it, without one "/api" also takes "/api" itself.
// The path stays whole; http.StripPrefix removes the prefix. Nothing of this package
// happens to the response, so there is no access log of it either.
//
// An h that is also an httputil.Handler, as an [Application] is, is called as that.
func Mount(prefix string, h http.Handler, opts ...RuleOption) Rule {
	mounted, ok := h.(httputil.Handler)
	if !ok {
		mounted = nethttp.Handler(h)
	}
	r := Rule{entry: entry{pattern: parsePrefix(prefix), mounted: mounted}}
	return r.with(opts)
}

// Match returns rules that hold only for requests for which match returns true; for
// others the search goes on behind them. match must be safe for concurrent use, and
// quick: it may be called for every request, and a panic in it is the engine's to answer.
func Match(match func(r *httputil.Request) bool, rules ...Rule) Rule {
	return Rule{guard: match, rules: rules}
}

// Host returns rules that hold only for hosts that match a regular expression as a
// whole. It is compared with the request's host in lower case and without its port. It
// panics if the expression is wrong.
func Host(pattern string, rules ...Rule) Rule {
	re := regexp.MustCompile(`\A(?:` + pattern + `)\z`)
	return Match(func(r *httputil.Request) bool { return re.MatchString(r.HostName()) }, rules...)
}

func newRule(p *pattern, rt *route, opts []RuleOption) Rule {
	r := Rule{entry: entry{pattern: p, route: rt}}
	return r.with(opts)
}

func (r Rule) with(opts []RuleOption) Rule {
	for _, opt := range opts {
		opt(&r)
	}
	r.habits = newHabits(&r.entry)
	return r
}

func (r *Rule) isFunc() bool {
	if r.route == nil {
		return false
	}
	_, ok := r.route.fresh().(*function)
	return ok
}

// flatten appends rules to list, with those inside a Match under its guard. Falling
// through a Match that has no rule for a path then is nothing but going on in the list.
func flatten(list []*entry, rules []Rule, guards []guard) []*entry {
	for i, r := range rules {
		if r.guard != nil {
			list = flatten(list, r.rules, append(slices.Clip(guards), r.guard))
			continue
		}
		if r.pattern == nil {
			panic(fmt.Sprintf("web: rule %d is a zero Rule", i))
		}
		e := r.entry
		e.guards = guards
		list = append(list, &e)
	}
	return list
}
