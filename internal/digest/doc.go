// Package digest is the client's side of HTTP Digest access authentication (RFC 7616, and what is
// left of RFC 2617 and RFC 2069 in servers).
//
// Kind: core. It stands on httputil and does no I/O.
//
// A [Session] holds what one user says to one server or proxy, and remembers its last challenge, so
// that later requests need not be refused first:
//
//	challenges, _ := httputil.ParseChallenges(header.Values("WWW-Authenticate")...)
//	answer, err := session.Retry(challenges, last, request) // last: what the refused request carried
//	header.Set("Authorization", answer.Field)
//
// The algorithms are SHA-512-256, SHA-256 and, unless FIPS 140-3 is enforced, MD5, and their -sess forms; of several
// challenges the strongest is answered, of equal ones the first. The parameter domain is not looked at: to whom a
// session's answers go is its caller's business, and it must be nobody but who sent the challenge.
package digest
