package web

import "time"

// The steps of serving a file that a type with an embedded [StaticFileHandler] may replace. What it
// does not replace stays as it is.
//
// Where files come from is replaced by [StaticFiles].FS, and how their versions are made
// by [StaticVersioner].
type (
	// A StaticPathParser turns the path of a URL, decoded and without the prefix, into that of a file
	// (Tornado's parse_url_path). The result is checked as the path would be. It may fail with an
	// [HTTPError].
	StaticPathParser interface {
		ParseURLPath(path string) (string, error)
	}

	// A StaticTyper knows the Content-Type of the file called name (get_content_type).
	StaticTyper interface{ ContentType(name string) string }

	// A StaticCacheTimer says how long clients may keep a file (get_cache_time); none, or less, leaves
	// it to them. Without one it is ten years for a URL with the file's version, and else none.
	StaticCacheTimer interface {
		CacheTime(name string, modified time.Time, contentType string) time.Duration
	}

	// A StaticHeaderSetter sets further fields of a response with the file, a part of it, or 304
	// (set_extra_headers). It comes last and may change the others.
	StaticHeaderSetter interface{ SetExtraHeaders(name string) }

	// A StaticNotModifier says whether the client has the file already, so that 304 is the answer
	// (should_return_304). tag is the file's entity tag, "" if it has none.
	StaticNotModifier interface {
		NotModified(tag string, modified time.Time) bool
	}
)
