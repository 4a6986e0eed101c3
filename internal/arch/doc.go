// Package arch holds the tests of the repository's own shape: which package may import
// which, how files are kept, and what the table of Tornado's features claims.
//
// It has no code of its own. A rule that a reader meets in CONTRIBUTING.md is held by a
// test here, so that breaking it is seen in review and not a year later.
package arch
