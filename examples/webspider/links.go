package main

import (
	"bytes"
	"mime"
	"net/url"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

func isHTML(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && (kind == "text/html" || kind == "application/xhtml+xml")
}

// links returns where a page's links lead to, in their order. They are relative to the page, or to what its base
// element says.
func links(at *url.URL, text []byte) (found []*url.URL) {
	based := false
	for z := html.NewTokenizer(bytes.NewReader(text)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return found
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			u := href(&t)
			switch {
			case u == nil:
			case t.DataAtom == atom.A:
				found = append(found, at.ResolveReference(u))
			case t.DataAtom == atom.Base && !based: // the first one counts
				at, based = at.ResolveReference(u), true
			}
		}
	}
}

func href(t *html.Token) *url.URL {
	for _, a := range t.Attr {
		if a.Key != "href" || a.Namespace != "" {
			continue
		}
		if u, err := url.Parse(a.Val); err == nil {
			return u
		}
		return nil
	}
	return nil
}
