package tcp_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"eddy/tcp"
)

// Each attempt is told of when it begins and once when it has ended: refused, given up, or the one that Dial goes on with.
func TestDial_TellsOfAttempts(t *testing.T) {
	for _, c := range []struct {
		name   string
		script map[string]fate
		want   []string
		fails  bool
	}{
		{"the first", map[string]fate{a6: {}}, []string{"+" + a6, a6 + " made"}, false},
		{"the second, when the first is refused", map[string]fate{a6: {err: syscall.ECONNREFUSED}, a4: {}},
			[]string{"+" + a6, a6 + " refused", "+" + a4, a4 + " made"}, false},
		{"the second, when the first cannot begin", map[string]fate{a6: {after: -1, err: syscall.ENETUNREACH}, a4: {}},
			[]string{"+" + a6, a6 + " failed", "+" + a4, a4 + " made"}, false},
		{"the second, when the first is slow", map[string]fate{a4: {}},
			[]string{"+" + a6, "+" + a4, a4 + " made", a6 + " given up"}, false},
		{"none", map[string]fate{}, []string{"+" + a6, "+" + a4, a4 + " given up", a6 + " given up"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dialBubble(t, c.script, func(d *dialing) {
				var told []string
				_, err := d.dial(context.Background(), "name:80", tcp.DialOptions{
					Timeout:  time.Second,
					Resolver: names{"name": addrs(a6, a4)},
					Attempt: func(network, addr string) func(error) {
						if network != "tcp" {
							t.Errorf("network %q", network)
						}
						told = append(told, "+"+addr)
						return func(err error) { told = append(told, fmt.Sprintf("%s %s", addr, howEnded(err))) }
					},
				})
				if (err != nil) != c.fails {
					t.Errorf("%v", err)
				}
				if c.fails {
					slices.Sort(told[2:])
				}
				if want := slices.Clone(c.want); !slices.Equal(told, want) {
					t.Errorf("told %q, want %q", told, want)
				}
			})
		})
	}
}

func howEnded(err error) string {
	switch {
	case err == nil:
		return "made"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, context.Canceled):
		return "given up"
	}
	return "failed"
}

// What is told of attempts may have no interest in their ends.
func TestDial_TellsOfAttemptsToUnixSockets(t *testing.T) {
	dialBubble(t, map[string]fate{"/sock": {}}, func(d *dialing) {
		var told string
		_, err := d.dial(context.Background(), "unix:/sock", tcp.DialOptions{Attempt: func(network, addr string) func(error) {
			told += network + " " + addr
			return nil
		}})
		if err != nil || told != "unix /sock" {
			t.Errorf("told %q, %v", told, err)
		}
	})
}
