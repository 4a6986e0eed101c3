package http1_test

import (
	"strings"
	"testing"

	"eddy/http1"
)

// example is a case of any reader: what it is sent, and the log of what it makes of that.
type example struct {
	rule, send, want string
	read             func(t testing.TB, pieces ...[]byte) string
}

// corpus is every case of both readers.
func corpus() (all []example) {
	addRequests := func(lim *http1.Limits, cases ...wireCase) {
		for _, c := range cases {
			all = append(all, example{c.rule, c.send, c.want, func(t testing.TB, pieces ...[]byte) string {
				return requests(t, lim, pieces...)
			}})
		}
	}
	addResponses := func(lim *http1.Limits, cases ...responseCase) {
		for _, c := range cases {
			all = append(all, example{c.rule, c.send, c.want, func(t testing.TB, pieces ...[]byte) string {
				return responses(t, lim, strings.Fields(c.methods), pieces...)
			}})
		}
	}
	addRequests(&defaults, acceptedRequests...)
	addRequests(&defaults, refusedRequests...)
	for _, c := range refusedBodies {
		addRequests(&defaults, c.wire())
	}
	addRequests(&defaults, requestsWithExtensions...)
	addRequests(&small, requestsAtLimits...)
	addResponses(&defaults, responsesOfServers...)
	addResponses(&little, responsesAtLimits...)
	return all
}
