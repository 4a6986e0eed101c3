package web

import (
	"mime"
	"path"
	"strings"
)

const anyBytes = "application/octet-stream"

// contentType returns the type of the file called name. A file that is compressed is that, and not what
// is inside (RFC 6713 for gzip; the others have no type of their own).
func (h *StaticFileHandler) contentType(name string) string {
	if own, ok := h.self.(StaticTyper); ok {
		return own.ContentType(name)
	}
	ext := strings.ToLower(path.Ext(name))
	switch ext {
	case ".gz", ".tgz", ".taz", ".svgz":
		return "application/gzip"
	case ".br", ".bz2", ".tbz2", ".xz", ".txz", ".z", ".tz", ".zst":
		return anyBytes
	}
	if known := mime.TypeByExtension(ext); known != "" {
		return known
	}
	return anyBytes
}
