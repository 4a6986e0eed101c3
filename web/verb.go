package web

import (
	"context"
	"net/http"
)

// A verb names the code that answers a method. The first seven are also the methods.
type verb uint8

const (
	verbGet verb = iota
	verbHead
	verbPost
	verbPut
	verbDelete
	verbPatch
	verbOptions
	verbAny
	verbAllow // the default answer to OPTIONS
	verbNone  // 405
)

var methodNames = [verbAny]string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut,
	http.MethodDelete, http.MethodPatch, http.MethodOptions,
}

func ownVerbs(h any) []verb {
	var own []verb
	has := func(v verb, ok bool) {
		if ok {
			own = append(own, v)
		}
	}
	_, ok := h.(Getter)
	has(verbGet, ok)
	_, ok = h.(HeadResponder)
	has(verbHead, ok)
	_, ok = h.(Poster)
	has(verbPost, ok)
	_, ok = h.(Putter)
	has(verbPut, ok)
	_, ok = h.(Deleter)
	has(verbDelete, ok)
	_, ok = h.(Patcher)
	has(verbPatch, ok)
	_, ok = h.(Optioner)
	has(verbOptions, ok)
	_, ok = h.(CatchAll)
	has(verbAny, ok)
	return own
}

func knownMethod(method string) verb {
	switch method {
	case http.MethodGet:
		return verbGet
	case http.MethodHead:
		return verbHead
	case http.MethodPost:
		return verbPost
	case http.MethodPut:
		return verbPut
	case http.MethodDelete:
		return verbDelete
	case http.MethodPatch:
		return verbPatch
	case http.MethodOptions:
		return verbOptions
	}
	return verbNone
}

// call runs what v names. The type has it: that was seen when the route was made.
func (v verb) call(ctx context.Context, h Handler) error {
	switch v {
	case verbGet:
		return h.(Getter).Get(ctx)
	case verbHead:
		return h.(HeadResponder).Head(ctx)
	case verbPost:
		return h.(Poster).Post(ctx)
	case verbPut:
		return h.(Putter).Put(ctx)
	case verbDelete:
		return h.(Deleter).Delete(ctx)
	case verbPatch:
		return h.(Patcher).Patch(ctx)
	case verbOptions:
		return h.(Optioner).Options(ctx)
	}
	return h.(CatchAll).Any(ctx)
}
