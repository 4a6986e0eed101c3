// Package child runs programs in processes of their own, so that what the system counts for one of them is its alone.
//
// A program of the benchmarks, or a test, is mostly its own child: it starts itself with a role, and begins with
//
//	child.Main(func(role string) error { return servers[role]() })
//
// which returns at once in the parent, and never in a child. A child says one line, as a rule the address that it
// listens on, and ends when its parent does.
//
// All but [OnCPU] and [StartOn] works on every system; what a process uses is told by /proc, as Linux has it.
package child
