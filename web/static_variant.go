package web

import "eddy/httputil"

// A variant is the representation of a file that is sent: the file itself, or a compressed one beside it.
type variant struct {
	file   staticEntry // what was asked for
	sent   staticEntry
	coding string // the Content-Encoding of sent, "" if that is file
	tag    string // of sent
}

// precompressed are the codings of files beside files, the preferred first.
var precompressed = [...]struct{ coding, suffix string }{{"br", ".br"}, {"zstd", ".zst"}, {"gzip", ".gz"}}

// variant chooses what to send of a file.
func (h *StaticFileHandler) variant(e staticEntry) variant {
	v := variant{file: e, sent: e}
	header := &h.Request.Header
	if !h.Precompressed || header.Has("Range") || !header.Has("Accept-Encoding") {
		return v
	}
	accepted := header.Joined("Accept-Encoding")
	best := httputil.Quality(accepted, "identity") // of what is liked as much, the shorter is sent
	for _, p := range precompressed {
		q := httputil.Quality(accepted, p.coding)
		if q <= 0 || q < best || q == best && v.coding != "" {
			continue
		}
		info, err := e.at.stat(e.name + p.suffix)
		if err != nil || !info.Mode().IsRegular() || info.ModTime().Before(e.info.ModTime()) {
			continue
		}
		v.sent = staticEntry{e.root, e.at, e.name + p.suffix, info}
		v.coding, best = p.coding, q
	}
	return v
}
