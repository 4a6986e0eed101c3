package http1_test

import (
	"fmt"
	"strings"
	"testing"

	"eddy/http1"
	"eddy/httputil"
)

// A caller with little room must get no more than fits, and lose nothing.
func TestReadBody_GivesNoMoreThanAskedFor(t *testing.T) {
	body := strings.Repeat("0123456789", 10)
	for _, head := range []string{
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n" + body,
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n32\r\n" + body[:50] + "\r\n32;ext=1\r\n" + body[50:] + "\r\n0\r\nT: v\r\n\r\n",
	} {
		for _, most := range []int{1, 3, 49, 50, 51, 1000} {
			t.Run(fmt.Sprint(most), func(t *testing.T) {
				var r http1.RequestReader
				var req httputil.Request
				lim := http1.Limits{}.WithDefaults()
				n, err := r.FindHead([]byte(head), &lim)
				if err != nil {
					t.Fatal(err)
				}
				if err := r.ParseHead(head[:n], &lim, &req); err != nil {
					t.Fatal(err)
				}
				rest, got := []byte(head[n:]), ""
				for !r.BodyDone() {
					data, n, _, err := r.ReadBody(rest, most, &lim, &req.Trailer)
					if err != nil || n == 0 {
						t.Fatalf("%d bytes used, %v", n, err)
					}
					if len(data) > most {
						t.Fatalf("%d bytes, asked for %d", len(data), most)
					}
					got += string(data)
					rest = rest[n:]
				}
				if got != body || len(rest) != 0 {
					t.Errorf("got %q, %d bytes left", got, len(rest))
				}
			})
		}
	}
}
