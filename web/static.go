package web

import (
	"context"
	"io/fs"
	"net/http"
	"strings"
)

// StaticFileHandler answers GET and HEAD with files. It is for a rule whose last value is the
// file's path below the root:
//
//	web.URL("/static/{path...}", web.StaticFileHandler{Files: &web.StaticFiles{Dirs: []string{"static"}}})
//
// [Settings].StaticPath makes such rules. Conditions and ranges of RFC 9110 hold: If-Match,
// If-Unmodified-Since, If-None-Match, If-Modified-Since, Range and If-Range. A body goes by the
// engine's own means to send files where it has them, never through memory as a whole.
//
// Beyond the root, and for what is no regular file, stands 403; 404 for what is missing, for
// names that begin with a dot, and for a path that is not the file's one path: with an element that
// is empty, "." or "..", an encoded slash, or a slash behind it. So a rule for a part of the files, in
// front of this one, cannot be gone round. Without descriptors stands 503.
//
// A type that embeds StaticFileHandler by value may replace its steps: see [StaticPathParser],
// [StaticTyper], [StaticCacheTimer], [StaticHeaderSetter] and [StaticNotModifier]. What is no file
// of the system comes by [StaticFiles].FS.
type StaticFileHandler struct {
	RequestHandler

	// Files are where the files come from. It is required, and shared by all requests.
	Files *StaticFiles

	// File is the path of the one file to serve, whatever was asked for; "" means the one that the
	// rule's last value names.
	File string

	// DefaultFilename is the file that stands for its directory, such as "index.html"; a directory's
	// path without a slash at its end is then redirected to that with one. "" means none.
	DefaultFilename string

	// Listing answers for a directory without a default file by a page of links to what is in it,
	// up to 1000 entries: to everything that may be served.
	Listing bool

	// Precompressed sends app.css.br, app.css.zst or app.css.gz in place of app.css, as a
	// Content-Encoding, to a client that takes it, if that file stands beside it in the same root and
	// is not older. Who asks for a range gets one of the file itself.
	Precompressed bool
}

// Get sends the file.
func (h *StaticFileHandler) Get(ctx context.Context) error {
	name, slash, err := h.name()
	if err != nil {
		return err
	}
	e, err := h.Files.lookup(name)
	if err != nil {
		return staticError(err)
	}
	if e.info.IsDir() {
		answered := false
		if e, answered, err = h.directory(e); err != nil || answered {
			return err
		}
	} else if slash {
		// Relative links in it would lead elsewhere, and caches would take it for a page of its own.
		return &HTTPError{Status: http.StatusNotFound}
	}
	if !e.info.Mode().IsRegular() {
		return errNoFile
	}
	return h.serve(e)
}

var (
	errNoFile    = Errorf(http.StatusForbidden, "web: a static path is not a file")
	errNoFiles   = Errorf(http.StatusInternalServerError, "web: a StaticFileHandler has no Files")
	errNoPath    = Errorf(http.StatusInternalServerError, "web: the pattern of a StaticFileHandler has no value for the path")
	errTwoSlash  = Errorf(http.StatusForbidden, "web: a path of two slashes cannot be redirected")
	errNotInRoot = Errorf(http.StatusForbidden, "web: a static path is not in the root")
)

// name returns the name of the file that is asked for, and whether the path has a slash at its end.
func (h *StaticFileHandler) name() (name string, slash bool, err error) {
	args := h.PathArgs()
	path := h.File
	switch {
	case h.Files == nil:
		return "", false, errNoFiles
	case path != "":
	case len(args) == 0:
		return "", false, errNoPath
	default:
		path = args[len(args)-1]
	}
	if own, ok := h.self.(StaticPathParser); ok {
		if path, err = own.ParseURLPath(path); err != nil {
			return "", false, err
		}
	}
	name, err = h.Files.clean(path)
	if err == nil && h.File == "" && hasEncodedSlash(h.Request.Path) {
		err = &HTTPError{Status: http.StatusNotFound}
	}
	return name, strings.HasSuffix(path, "/"), err
}

// hasEncodedSlash reports whether a path has a slash that does not separate segments. Rules see it so,
// and a rule for what is below /static/private/ does not match /static/private%2Fplans.txt.
func hasEncodedSlash(path string) bool {
	for {
		_, after, found := strings.Cut(path, "%2")
		if !found {
			return false
		}
		if after != "" && after[0]|0x20 == 'f' {
			return true
		}
		path = after
	}
}

// directory returns the file that stands for a directory, unless it has answered by itself.
func (h *StaticFileHandler) directory(e staticEntry) (file staticEntry, answered bool, err error) {
	if h.DefaultFilename == "" && !h.Listing {
		return e, false, errNoFile
	}
	if !strings.HasSuffix(h.Request.Path, "/") {
		return e, true, h.redirectToSlash()
	}
	if h.DefaultFilename != "" {
		file, err := h.Files.lookup(e.below(h.DefaultFilename))
		if err == nil || !isMissing(err) || !h.Listing {
			return file, false, staticError(err)
		}
	}
	return e, true, h.list(e.name)
}

// redirectToSlash sends the client to its own path with a slash behind it, so that relative links
// lead below the directory. It stays on this server: a path that begins with two slashes, or what a
// browser takes for them, would name a host.
func (h *StaticFileHandler) redirectToSlash() error {
	sent := h.Request.URI // Path may lack what http.StripPrefix has removed
	if end := strings.IndexAny(sent, "?#"); end >= 0 {
		sent = sent[:end]
	}
	if !strings.HasPrefix(sent, "/") {
		sent = h.Request.Path
	}
	target := escapeControls(sent) + "/"
	if strings.HasPrefix(target, "//") || !strings.HasPrefix(target, "/") {
		return errTwoSlash
	}
	if query := h.Request.Query; query != "" {
		target += "?" + escapeControls(query)
	}
	return h.Redirect(target, http.StatusMovedPermanently)
}

// escapeControls percent-encodes what browsers drop from a URL, or take for a slash.
func escapeControls(s string) string {
	plain := func(c byte) bool { return c > ' ' && c < 0x7f && c != '\\' }
	for i := 0; i < len(s); i++ {
		if !plain(s[i]) {
			const hex = "0123456789ABCDEF"
			b := []byte(s[:i])
			for ; i < len(s); i++ {
				if plain(s[i]) {
					b = append(b, s[i])
				} else {
					b = append(b, '%', hex[s[i]>>4], hex[s[i]&15])
				}
			}
			return string(b)
		}
	}
	return s
}

// serve answers by a regular file. What the cache knows suffices if nothing of the file is sent;
// otherwise all that the answer tells is about the file that was opened.
func (h *StaticFileHandler) serve(e staticEntry) error {
	v := h.variant(e)
	if tag, known := h.Files.known(v.sent); known && v.sent.isLocal() {
		v.tag = tag
		if p := h.plan(&v, true); !p.opens {
			return h.reply(&v, p, nil)
		}
	}
	f, err := h.Files.open(&v.sent)
	if err != nil {
		return staticError(err)
	}
	defer f.Close()
	if v.tag, err = h.Files.tag(&v.sent, f); err != nil {
		return staticError(err)
	}
	return h.reply(&v, h.plan(&v, isSeeker(f)), f)
}

func isSeeker(f fs.File) bool {
	_, ok := f.(interface {
		Seek(int64, int) (int64, error)
	})
	return ok
}
