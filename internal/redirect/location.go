package redirect

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"eddy/httputil"
)

// An origin is who credentials are for (RFC 9110 §4.3.1): default ports are written out, and names are
// in lower case.
type origin struct{ scheme, host, port string }

func originOf(u *url.URL) origin {
	scheme := strings.ToLower(u.Scheme)
	host, port := u.Hostname(), u.Port()
	if ascii, ok := asciiHost(host); ok {
		host = ascii
	}
	if n, err := strconv.ParseUint(port, 10, 16); err == nil {
		port = strconv.FormatUint(n, 10) // 0443 is 443
	}
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[scheme]
	}
	return origin{scheme, strings.ToLower(host), port}
}

// What can be wrong with the URL of a request beside its scheme.
var (
	ErrURL  = errors.New("redirect: malformed URL")
	ErrHost = errors.New("redirect: URL without a host")
)

// Parse returns the URL of a request in the form that a [Plan] has it in: of ASCII alone, with the host in its A-label
// form and in lower case. It must be absolute; its scheme is http or https. User information and fragment stay, and the
// zone of an IPv6 address. Unlike a Location it may have no backslash for a slash. It fails with ErrScheme,
// ErrHost or ErrURL, which hold nothing of it.
func Parse(s string) (*url.URL, error) {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return nil, ErrScheme
	}
	end := authorityEnd(s)
	if strings.ContainsFunc(s, isControl) || !strings.HasPrefix(rest, "//") || end < len(s) && s[end] == '\\' {
		return nil, ErrURL
	}
	if strings.Contains(s, `\`) {
		s = s[:end] + strings.ReplaceAll(s[end:], `\`, "%5C")
	}
	u, err := url.Parse(encode(s))
	switch {
	case err != nil:
		return nil, ErrURL
	case u.Hostname() == "":
		return nil, ErrHost
	}
	if strings.Contains(u.Host, "%") {
		if _, err := netip.ParseAddr(u.Hostname()); err == nil { // with its zone
			return u, nil
		}
	}
	if u.Host, err = cleanHost(u); err != nil {
		return nil, ErrURL
	}
	return u, nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// resolve returns the URL that a Location leads to from base. It has no user information.
func resolve(base *url.URL, location string) (*url.URL, error) {
	location = httputil.TrimOWS(location)
	if strings.ContainsFunc(location, isControl) {
		return nil, ErrLocation
	}
	ref, err := url.Parse(encode(location))
	if err != nil {
		return nil, ErrLocation
	}
	if ref.Scheme != "" && ref.Scheme != "http" && ref.Scheme != "https" {
		return nil, ErrScheme
	}
	// "http:path" and "http:///path" name no host; what readers make of them differs.
	if ref.Opaque != "" || ref.Host == "" && (ref.Scheme != "" || authorityEnd(location) > 0) {
		return nil, ErrLocation
	}
	target := base.ResolveReference(ref)
	target.User = nil
	target.Fragment, target.RawFragment = ref.Fragment, ref.RawFragment
	if !strings.Contains(location, "#") {
		target.Fragment, target.RawFragment = base.Fragment, base.RawFragment
	}
	target.Scheme = strings.ToLower(target.Scheme)
	if ref.Host != "" || !strings.Contains(base.Host, "%") { // a zone is a request's own, see Parse
		if target.Host, err = cleanHost(target); err != nil {
			return nil, err
		}
	}
	if target.Scheme != "http" && target.Scheme != "https" {
		return nil, ErrScheme
	}
	return target, nil
}

// cleanHost returns the host and port of a URL in ASCII.
func cleanHost(u *url.URL) (string, error) {
	host, ok := asciiHost(u.Hostname())
	if !ok {
		return "", ErrLocation
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	port := u.Port()
	if port == "" {
		return host, nil
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", ErrLocation
	}
	if len(u.Host) == len(host)+1+len(port) && strings.HasPrefix(u.Host, host) {
		return u.Host, nil
	}
	return host + ":" + port, nil
}

// names turns the names of hosts into ASCII, as browsers do (UTS 46). Underscores are in use.
var names = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(), idna.StrictDomainName(false))

// asciiHost returns a name or an address, without brackets, in ASCII and lower case. Of characters it takes
// those that names are made of: others would be read differently by others.
func asciiHost(host string) (string, bool) {
	if strings.Contains(host, ":") {
		addr, err := netip.ParseAddr(host)
		return host, err == nil && addr.Zone() == ""
	}
	if !utf8.ValidString(host) {
		return "", false
	}
	for i := range len(host) {
		if host[i] >= 0x80 {
			ascii, err := names.ToASCII(host)
			if err != nil {
				return "", false
			}
			host = ascii
			break
		}
	}
	for i := range len(host) {
		c := host[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '.' && c != '-' && c != '_' {
			return "", false
		}
	}
	return strings.ToLower(host), strings.Trim(host, ".") != ""
}

// encode makes a URL of what servers send instead of one, as browsers do: other bytes than a URL's are
// escaped one by one, and backslashes before the query are slashes. The host's are left alone: they have another
// encoding.
func encode(location string) string {
	if !strings.ContainsFunc(location, isUnusual) {
		return location
	}
	var sb strings.Builder
	const before, query, fragment = 0, 1, 2
	part, hostEnd, hash := before, authorityEnd(location), strings.IndexByte(location, '#')
	for i := range len(location) {
		c := location[i]
		switch {
		case part == before && c == '\\':
			c = '/'
		case part == before && c == '?':
			part = query
		case part <= query && c == '#':
			part = fragment
		}
		switch {
		case i < hostEnd:
			sb.WriteByte(c)
		case c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0,
			c == '%' && !isEscape(location[i:]),
			c == '#' && i > hash:
			sb.WriteByte('%')
			sb.WriteByte("0123456789ABCDEF"[c>>4])
			sb.WriteByte("0123456789ABCDEF"[c&15])
		default:
			sb.WriteByte(c)
		}
	}
	return sb.String()
}

// isUnusual reports whether encode has to look at a character.
func isUnusual(r rune) bool {
	switch r {
	case '"', '#', '%', '<', '>', '\\', '^', '`', '{', '|', '}':
		return true
	}
	return r <= ' ' || r >= 0x7f
}

// authorityEnd returns the end of scheme and authority, 0 if there is no authority.
func authorityEnd(s string) int {
	start := 0
	if i := strings.IndexAny(s, `:/\?#`); i >= 0 && s[i] == ':' {
		start = i + 1
	}
	isSlash := func(i int) bool { return i < len(s) && (s[i] == '/' || s[i] == '\\') }
	if !isSlash(start) || !isSlash(start+1) {
		return 0
	}
	if end := strings.IndexAny(s[start+2:], `/\?#`); end >= 0 {
		return start + 2 + end
	}
	return len(s)
}

func isEscape(s string) bool {
	isHex := func(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }
	return len(s) >= 3 && isHex(s[1]) && isHex(s[2])
}
