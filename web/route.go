package web

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"eddy/httputil"
)

// A route is what is known of a handler type beforehand.
type route struct {
	fresh func() Handler // makes a copy of the prototype
	verbs [verbAny]verb  // for each known method, what answers it
	other verb           // what answers any other method: verbAny or verbNone
	extra []string       // the unknown methods that other answers; nil means all
	hooks hooks
	allow string // the Allow field
	tags  tags
}

type hooks uint8

const (
	hookDefaults hooks = 1 << iota
	hookPrepare
	hookFinish
	hookClose
	hookError
	hookLog
	hookETag
)

func newRoute[T any, P interface {
	*T
	Handler
}](prototype T) *route {
	rt := &route{fresh: func() Handler {
		p := P(new(T))
		*p = prototype
		return p
	}}
	if reflect.ValueOf(&prototype).Elem().IsZero() {
		rt.fresh = func() Handler { return P(new(T)) } // nothing to copy, which takes write barriers
	}
	probe := rt.fresh()
	own := ownVerbs(probe)
	checkPrototype(prototype, rt.fresh, own)
	rt.hooks = ownHooks(probe)
	rt.assign(own)
	return rt
}

func checkPrototype(prototype any, fresh func() Handler, own []verb) {
	refuse := func(why string) {
		panic(fmt.Sprintf("web: handler %T %s", prototype, why))
	}
	if h := fresh().handler(); h == nil || h == fresh().handler() {
		refuse("must embed web.RequestHandler by value: every request needs one of its own")
	}
	if len(own) == 0 {
		refuse("has no method to answer with, such as Get(context.Context) error")
	}
	if len(ownVerbs(prototype)) > 0 && reflect.TypeOf(prototype).Kind() == reflect.Struct {
		refuse("must declare its methods on the pointer: on the value each would work on a copy")
	}
}

func ownHooks(h Handler) hooks {
	var own hooks
	has := func(bit hooks, ok bool) {
		if ok {
			own |= bit
		}
	}
	_, ok := h.(DefaultHeaderSetter)
	has(hookDefaults, ok)
	_, ok = h.(Preparer)
	has(hookPrepare, ok)
	_, ok = h.(Finisher)
	has(hookFinish, ok)
	_, ok = h.(ConnectionCloser)
	has(hookClose, ok)
	_, ok = h.(ErrorWriter)
	has(hookError, ok)
	_, ok = h.(ErrorLogger)
	has(hookLog, ok)
	_, ok = h.(ETagger)
	has(hookETag, ok)
	return own
}

// assign fills the table from the verbs that the type has.
func (rt *route) assign(own []verb) {
	rt.other = verbNone
	if slices.Contains(own, verbAny) {
		rt.other = verbAny
	}
	for m := range rt.verbs {
		rt.verbs[m] = rt.other
	}
	for _, v := range own {
		if v < verbAny {
			rt.verbs[v] = v
		}
	}
	rt.derive(!slices.Contains(own, verbHead))
}

// restrict leaves a catch-all only the given methods.
func (rt *route) restrict(methods []string) {
	for m, name := range methodNames {
		if !slices.Contains(methods, name) {
			rt.verbs[m] = verbNone
		}
	}
	rt.extra = []string{}
	for _, name := range methods {
		if !httputil.IsToken(name) {
			panic(fmt.Sprintf("web: %q is not a method", name))
		}
		if knownMethod(name) == verbNone {
			rt.extra = append(rt.extra, name)
		}
	}
	rt.derive(!slices.Contains(methods, http.MethodHead))
}

// derive answers HEAD by what answers GET, and OPTIONS by the list of methods, where
// nothing of their own does (RFC 9110 §9.3.2, §9.3.7).
func (rt *route) derive(head bool) {
	if head && rt.verbs[verbGet] != verbNone {
		rt.verbs[verbHead] = rt.verbs[verbGet]
	}
	if rt.verbs[verbOptions] == verbNone {
		rt.verbs[verbOptions] = verbAllow
	}
	var allow []string
	for m, v := range rt.verbs {
		if v != verbNone {
			allow = append(allow, methodNames[m])
		}
	}
	rt.allow = strings.Join(append(allow, rt.extra...), ", ")
}

func (rt *route) has(hook hooks) bool { return rt.hooks&hook != 0 }

// verbFor returns what answers a method. Methods are case-sensitive (RFC 9110 §9.1).
func (rt *route) verbFor(method string) verb {
	if m := knownMethod(method); m != verbNone {
		return rt.verbs[m]
	}
	if rt.extra != nil && !slices.Contains(rt.extra, method) {
		return verbNone
	}
	return rt.other
}
