package httputil

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// MaxCookieSize is how many bytes the name and the encoded value of a [Cookie] may have together: browsers
// drop larger ones.
const MaxCookieSize = 4096

// A Cookie is what a Set-Cookie field asks a browser to keep. Only Name is required.
type Cookie struct {
	Name  string
	Value string // any bytes; see [Cookie.Field]

	Path   string // begins with "/"; "" for the directory of the request's path
	Domain string // the host and those below it; "" for the request's host alone

	// Expires and MaxAge end the cookie, MaxAge before Expires where both are given. Without
	// either the browser keeps it for its session.
	Expires time.Time
	MaxAge  int // seconds; below zero: delete it now; zero: not given

	Secure      bool // over TLS only
	HTTPOnly    bool // scripts cannot read it
	Partitioned bool // one for each top-level site; needs Secure
	SameSite    SameSite
}

// SameSite says which requests of other sites a cookie goes with.
type SameSite uint8

// The values of [Cookie.SameSite].
const (
	SameSiteUnset  SameSite = iota // no attribute: browsers take it for Lax, more or less
	SameSiteLax                    // also when a link is followed
	SameSiteStrict                 // never
	SameSiteNone                   // always; needs Secure
)

var (
	errCookieName     = errors.New("httputil: the cookie's name is not a token")
	errCookieSize     = errors.New("httputil: the cookie is larger than 4096 bytes")
	errCookiePath     = errors.New("httputil: the cookie's path does not begin with a slash, holds a character that a path cannot, or is longer than 1024 bytes")
	errCookieDomain   = errors.New("httputil: the cookie's domain is not a host name")
	errCookieExpires  = errors.New("httputil: the cookie's expiry is before 1601 or after 9999")
	errCookieSameSite = errors.New("httputil: the cookie's SameSite is unknown")
	errCookieSecure   = errors.New("httputil: a cookie with SameSite=None, Partitioned, or a prefix in its name must be Secure")
	errCookieHost     = errors.New("httputil: a cookie whose name begins with __Host- has the path / and no domain")
)

// Field returns the value of the Set-Cookie field. It fails, in fixed words, for what a browser would drop or
// misread: a name that is no token, a path or domain that is none, SameSite=None without
// Secure, a name that begins with __Secure- or __Host- without what the prefix promises, and more
// than [MaxCookieSize].
//
// A value that cannot stand bare (RFC 6265 §4.1.1: spaces, commas, semicolons, quotes, backslashes,
// control characters, and all beyond ASCII) is sent in double quotes with such bytes but for spaces
// escaped, the way that [ParseCookie] reads back. Scripts see the escapes.
func (c *Cookie) Field() (string, error) {
	if err := c.check(); err != nil {
		return "", err
	}
	b := make([]byte, 0, 64+len(c.Name)+len(c.Value)+len(c.Path)+len(c.Domain))
	b = append(append(b, c.Name...), '=')
	b = appendCookieValue(b, c.Value)
	if len(b)-1 > MaxCookieSize {
		return "", errCookieSize
	}
	if c.Path != "" {
		b = append(append(b, "; Path="...), c.Path...)
	}
	if c.Domain != "" {
		b = append(append(b, "; Domain="...), strings.TrimPrefix(c.Domain, ".")...)
	}
	if !c.Expires.IsZero() {
		b = append(append(b, "; Expires="...), FormatDate(c.Expires)...)
	}
	if c.MaxAge != 0 {
		b = strconv.AppendInt(append(b, "; Max-Age="...), int64(max(c.MaxAge, 0)), 10)
	}
	if c.Secure {
		b = append(b, "; Secure"...)
	}
	if c.HTTPOnly {
		b = append(b, "; HttpOnly"...)
	}
	if c.SameSite != SameSiteUnset {
		b = append(append(b, "; SameSite="...), sameSiteNames[c.SameSite]...)
	}
	if c.Partitioned {
		b = append(b, "; Partitioned"...)
	}
	return string(b), nil
}

var sameSiteNames = [...]string{SameSiteLax: "Lax", SameSiteStrict: "Strict", SameSiteNone: "None"}

func (c *Cookie) check() error {
	year := c.Expires.UTC().Year()
	switch {
	case !IsToken(c.Name):
		return errCookieName
	case len(c.Name)+len(c.Value) > MaxCookieSize:
		return errCookieSize
	case c.Path != "" && !isCookiePath(c.Path):
		return errCookiePath
	case c.Domain != "" && !isCookieDomain(c.Domain):
		return errCookieDomain
	case !c.Expires.IsZero() && (year < 1601 || year > 9999): // RFC 6265 §5.1.1
		return errCookieExpires
	case int(c.SameSite) >= len(sameSiteNames):
		return errCookieSameSite
	}
	// Browsers compare the prefixes without regard to case (RFC 6265bis §5.4).
	host, secure := hasPrefixFold(c.Name, "__Host-"), hasPrefixFold(c.Name, "__Secure-")
	switch {
	case !c.Secure && (host || secure || c.Partitioned || c.SameSite == SameSiteNone):
		return errCookieSecure
	case host && (c.Path != "/" || c.Domain != ""):
		return errCookieHost
	}
	return nil
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && equalFold(s[:len(prefix)], prefix)
}

func isCookiePath(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f || s[i] == ';' {
			return false
		}
	}
	return s[0] == '/' && len(s) <= 1024 // RFC 6265bis §5.6: a longer attribute does not count
}

// isCookieDomain reports whether s is a host name (RFC 1123 §2.1, with underscores, which occur),
// perhaps after the dot that older ones have.
func isCookieDomain(s string) bool {
	s = strings.TrimPrefix(s, ".")
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := 0; i < len(label); i++ {
			c := label[i] | 0x20
			if (c < 'a' || c > 'z') && (label[i] < '0' || label[i] > '9') && label[i] != '-' && label[i] != '_' {
				return false
			}
		}
	}
	return true
}

// isCookieByte reports whether c may stand in a bare value (cookie-octet, RFC 6265 §4.1.1).
func isCookieByte(c byte) bool {
	return c > ' ' && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\'
}

func appendCookieValue(b []byte, s string) []byte {
	bare := true
	for i := 0; i < len(s) && bare; i++ {
		bare = isCookieByte(s[i])
	}
	if bare {
		return append(b, s...)
	}
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case isCookieByte(c) || c == ' ':
			b = append(b, c)
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		default:
			b = append(b, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
		}
	}
	return append(b, '"')
}
