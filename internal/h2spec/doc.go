// Package h2spec runs the conformance suite of that name (github.com/summerwind/h2spec) against
// Eddy's HTTP/2. It is a module of its own, so that the framework does not depend on the suite.
//
// Kind: for tests only.
package h2spec
