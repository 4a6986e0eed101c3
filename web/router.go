package web

import (
	"strings"

	"eddy/httputil"
)

// A router finds the first entry that matches a request.
type router struct {
	entries []*entry // all, in the order of registration
	// literals has the entries for exactly one path that no earlier entry can match:
	// there, looking up is as good as searching in order.
	literals map[string]*entry
	others   []*entry // entries that are not in literals
}

func newRouter(entries []*entry) router {
	rt := router{entries: entries, literals: make(map[string]*entry)}
	for i, e := range entries {
		if e.pattern.isLiteral() && len(e.guards) == 0 && !anyMatches(entries[:i], e.pattern.prefix) {
			rt.literals[e.pattern.prefix] = e
		} else {
			rt.others = append(rt.others, e)
		}
	}
	return rt
}

// anyMatches reports whether an entry may match path. Guards are taken to hold.
func anyMatches(entries []*entry, path string) bool {
	for _, e := range entries {
		if _, ok := e.pattern.match(path, path, nil); ok {
			return true
		}
	}
	return false
}

// find returns the entry for a request, nil if there is none, and its path values
// appended to args. It fails if the path is not validly encoded.
func (rt *router) find(r *httputil.Request, args []string) (*entry, []string, error) {
	path, among := r.Path, rt.others
	if strings.IndexByte(path, '%') < 0 {
		if e := rt.literals[path]; e != nil {
			return e, args, nil
		}
	} else {
		// Regular expressions see the path as sent, so that an earlier one may match
		// this spelling of a literal path: literals would not know.
		var ok bool
		if path, ok = canonicalPath(path); !ok {
			return nil, args, errPath
		}
		among = rt.entries
	}
	for _, e := range among {
		if !strings.HasPrefix(path, e.pattern.prefix) && e.pattern.re == nil {
			continue
		}
		found, ok := e.pattern.match(r.Path, path, args)
		if !ok || !e.admits(r) {
			continue
		}
		return e, found, decodeValues(found)
	}
	return nil, args, nil
}

func (e *entry) admits(r *httputil.Request) bool {
	for _, g := range e.guards {
		if !g(r) {
			return false
		}
	}
	return true
}
