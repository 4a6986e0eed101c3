package compress

import (
	"strings"

	"eddy/httputil"
)

// Compressible is the default of [Options].Types: it reports whether bodies of this Content-Type usually
// become much smaller. That is text of all kinds, event streams included, what ends with "+json", "+xml"
// or "+yaml", JavaScript, JSON, XML, WebAssembly and their relatives, and fonts and images that are not
// compressed by themselves.
func Compressible(contentType string) bool {
	name, _, _ := strings.Cut(contentType, ";")
	name = strings.ToLower(httputil.TrimOWS(name)) // RFC 9110 §8.3.1
	kind, sub, ok := strings.Cut(name, "/")
	if !ok {
		return false
	}
	if at := strings.LastIndexByte(sub, '+'); at >= 0 && kind != "multipart" {
		switch sub[at:] {
		case "+json", "+xml", "+yaml", "+json-seq":
			return true
		}
	}
	switch kind {
	case "text":
		return true
	case "application":
		return applications[sub]
	case "font":
		return sub == "ttf" || sub == "otf" || sub == "collection" || sub == "sfnt" // not woff
	case "image":
		return sub == "bmp" || sub == "x-icon" || sub == "vnd.microsoft.icon"
	}
	return false
}

// applications are the subtypes of application that are text, or code.
var applications = map[string]bool{
	"ecmascript":        true,
	"graphql":           true,
	"javascript":        true,
	"json":              true,
	"json-seq":          true,
	"jsonl":             true,
	"jsonlines":         true,
	"ndjson":            true,
	"rtf":               true,
	"sql":               true,
	"toml":              true,
	"vnd.ms-fontobject": true,
	"vnd.ms-opentype":   true,
	"wasm":              true,
	"x-font-otf":        true,
	"x-font-ttf":        true,
	"x-javascript":      true,
	"x-ndjson":          true,
	"x-sh":              true,
	"x-yaml":            true,
	"xml":               true,
	"xml-dtd":           true,
	"yaml":              true,
}
