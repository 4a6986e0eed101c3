// Package bench measures Eddy beside other servers, in one run and by turns, so that a
// noisy machine disturbs all of them alike.
//
// Every contestant runs in a child process of the test's own binary: its CPU time is then
// the server's alone. The load comes from this process over loopback.
package bench
