package web

import (
	"cmp"
	"errors"
	"html"
	"io"
	"io/fs"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxListing is how many entries of a directory are listed.
const maxListing = 1000

// list writes a page of links to what is in a directory.
func (h *StaticFileHandler) list(name string) error {
	names, more, err := h.Files.names(name)
	if err != nil {
		return staticError(err)
	}
	var b strings.Builder
	b.WriteString("<!DOCTYPE html>\n<html><head><title>Files</title></head><body>\n<ul>\n")
	for _, n := range names {
		b.WriteString(`<li><a href="./` + escapeHref(n) + `">` + html.EscapeString(n) + "</a></li>\n")
	}
	b.WriteString("</ul>\n")
	if more {
		b.WriteString("<p>and more than these " + strconv.Itoa(maxListing) + "</p>\n")
	}
	b.WriteString("</body></html>\n")
	return h.HTML(b.String())
}

func escapeHref(name string) string {
	name, slash := strings.CutSuffix(name, "/")
	name = html.EscapeString(url.PathEscape(name))
	if slash {
		name += "/"
	}
	return name
}

// names returns what is in a directory, in all roots, sorted: at most maxListing, and whether there is
// more. Names of directories have a slash behind them.
func (s *StaticFiles) names(dir string) (names []string, more bool, err error) {
	for _, root := range s.all() {
		info, err := root.stat(dir)
		if err != nil || !info.IsDir() {
			continue
		}
		entries, err := readSome(root, dir)
		if err != nil {
			return nil, false, err
		}
		more = more || len(entries) > maxListing
		for _, e := range entries {
			if n, ok := s.listed(dir, e); ok {
				names = append(names, n)
			}
		}
	}
	slices.SortFunc(names, cmp.Compare[string])
	names = slices.Compact(names)
	if len(names) > maxListing {
		names, more = names[:maxListing], true
	}
	return names, more, nil
}

// listed returns the name under which an entry is listed. A link may lead to anything, which is
// seen when it is asked for.
func (s *StaticFiles) listed(dir string, e fs.DirEntry) (string, bool) {
	name := e.Name()
	if dir != "." {
		name = dir + "/" + name
	}
	if _, err := s.clean(name); err != nil {
		return "", false
	}
	switch kind := e.Type(); {
	case kind.IsDir():
		return e.Name() + "/", true
	case kind.IsRegular(), kind&fs.ModeSymlink != 0:
		return e.Name(), true
	}
	return "", false
}

// readSome reads a directory, up to one entry more than are listed.
func readSome(root staticRoot, dir string) ([]fs.DirEntry, error) {
	f, err := root.open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d, ok := f.(fs.ReadDirFile)
	if !ok {
		return nil, fs.ErrPermission
	}
	entries, err := d.ReadDir(maxListing + 1)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return entries, err
}
