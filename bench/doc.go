// Package bench measures Eddy beside other servers, in one run and by turns, so that a
// noisy machine disturbs all of them alike. It has what its programs share.
//
// Every contestant runs in a process of its own, see [eddy/bench/child]: its CPU time is then
// the contestant's alone. All goes over loopback.
package bench
