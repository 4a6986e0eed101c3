package web

import "strings"

const defaultStaticPrefix = "/static/"

// fillStatic completes the settings of static files.
func (s *Settings) fillStatic() {
	if s.StaticURLPrefix == "" {
		s.StaticURLPrefix = defaultStaticPrefix
	}
	if s.StaticPath == "" && s.StaticHandler == nil {
		return
	}
	var h StaticFileHandler
	if s.StaticHandler != nil {
		h = *s.StaticHandler
	}
	switch {
	case h.Files != nil && s.StaticPath != "":
		panic("web: StaticPath and the Files of StaticHandler: which?")
	case h.Files == nil && s.StaticPath == "":
		panic("web: StaticHandler needs Files, or a StaticPath")
	case h.Files == nil:
		h.Files = &StaticFiles{Dirs: []string{s.StaticPath}}
	}
	s.StaticHandler = &h
}

// staticRules returns the rules that stand in front of an application's own.
func (s *Settings) staticRules() []Rule {
	if s.StaticHandler == nil {
		return nil
	}
	prefix := s.StaticURLPrefix
	if !strings.HasPrefix(prefix, "/") || !strings.HasSuffix(prefix, "/") || strings.ContainsAny(prefix, "{}") {
		panic("web: StaticURLPrefix is to begin and to end with a slash, and has no wildcards")
	}
	rules := []Rule{URL(prefix+"{path...}", *s.StaticHandler)}
	for _, name := range []string{"favicon.ico", "robots.txt"} {
		one := *s.StaticHandler
		one.File = name
		rules = append(rules, URL("/"+name, one))
	}
	return rules
}

// StaticURL returns the URL of a static file with its version, such as /static/app.css?v=3f7a…, for
// which clients need not ask again; of one that is not there, the URL alone. path is that below
// [Settings].StaticPath. It panics if the application has no static files. Any goroutine.
//
// With the file's content the URL changes. The file is looked at each time, and read whole when it is
// new. [StaticFiles.URL] is for those of a rule of one's own.
func (a *Application) StaticURL(path string) string {
	if a.settings.StaticHandler == nil {
		panic("web: StaticURL needs Settings.StaticPath")
	}
	return a.settings.StaticHandler.Files.URL(a.settings.StaticURLPrefix, path)
}

// StaticURL is [Application.StaticURL].
func (h *RequestHandler) StaticURL(path string) string { return h.app.StaticURL(path) }
