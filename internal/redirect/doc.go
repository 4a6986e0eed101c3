// Package redirect decides what an HTTP client does about a redirect: which request comes next, and
// what of the one before must not go with it.
//
// Kind: core. A [Chain] is given each response's status and Location, and returns a [Plan] or one of
// the package's errors. It opens nothing and sends nothing; whom a host's name leads to, and whether that may be
// dialled, is for the dialler to look at.
//
// The rules are those of RFC 9110 §15.4, as browsers apply them:
//
//	| status   | method of the next request  | body                 |
//	| 301, 302 | GET after POST, else kept   | goes with the method |
//	| 303      | GET, HEAD after HEAD        | dropped              |
//	| 307, 308 | kept                        | kept                 |
//
// Everything else, and a redirect without a Location, is no redirect: it is the result.
//
// Credentials are for the origin (scheme, host and port) of the chain's first request alone. Once a redirect has
// led elsewhere they are gone for the rest of the chain, even if it comes back: who redirects decides what the
// request that comes back looks like, and must not have it made with the user's rights.
//
// A Chain belongs to one goroutine.
package redirect
