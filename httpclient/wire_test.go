package httpclient_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"eddy/httpclient"
)

// What would break out of its place is refused before anything is sent, or a connection is made.
func TestRequest_NothingBreaksOut(t *testing.T) {
	for name, r := range map[string]httpclient.Request{
		"no URL":                  {},
		"no host":                 {URL: "http:///path"},
		"only a port":             {URL: "http://:80/"},
		"another scheme":          {URL: "file:///etc/passwd"},
		"no scheme":               {URL: "192.0.2.1/"},
		"an opaque URL":           {URL: "http:192.0.2.1"},
		"CR in the URL":           {URL: server + "/a\rb"},
		"LF in the URL":           {URL: server + "/\n"},
		"CRLF in the query":       {URL: server + "/?a\r\nb: c"},
		"NUL in the URL":          {URL: server + "/\x00"},
		"LF in the host":          {URL: "http://192.0.2.1\n/"},
		"a space in the host":     {URL: "http://a b/"},
		"a space in the method":   {URL: server, Method: "GET / HTTP/1.1\r\nA:"},
		"the same, allowed":       {URL: server, Method: "GET / HTTP/1.1\r\nA:", AllowNonstandardMethods: true},
		"a method of nobody":      {URL: server, Method: "BREW"},
		"a lower-case method":     {URL: server, Method: "get"},
		"a body to GET":           {URL: server, Body: []byte("x")},
		"two bodies":              {URL: server, Method: "PUT", Body: []byte("x"), BodyReader: strings.NewReader("x")},
		"CRLF in a value":         {URL: server, Header: fields("A", "b\r\nC: d")},
		"CR in a value":           {URL: server, Header: fields("A", "b\rC")},
		"NUL in a value":          {URL: server, Header: fields("A", "b\x00")},
		"CRLF in a name":          {URL: server, Header: fields("A: b\r\nC", "d")},
		"a space in a name":       {URL: server, Header: fields("A ", "d")},
		"no name":                 {URL: server, Header: fields("", "d")},
		"CRLF in the Host field":  {URL: server, Header: fields("Host", "a\r\nb: c")},
		"CRLF in the user agent":  {URL: server, UserAgent: "a\r\nb: c"},
		"a slash in the host":     {URL: server, Header: fields("Host", "a/b")},
		"CRLF in the name of TLS": {URL: "https://192.0.2.1\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			used(t, httpclient.Options{}, func(n *fakeNet) {
				res := <-n.do(context.Background(), &r)
				failsIn(t, res.err, "request", res.err)
				if sent := n.last().Take(); sent != "" || len(n.dials) != 1 || closed(n.last()) {
					t.Errorf("sent %q, %d connections", sent, len(n.dials))
				}
				if strings.ContainsAny(res.err.Error(), "\r\n\x00") {
					t.Errorf("a log would be confused by the error %q", res.err)
				}
			})
		})
	}
}

// Few fields are added, and none that the request has.
func TestRequest_OnTheWire(t *testing.T) {
	date := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	for want, r := range map[string]httpclient.Request{
		"GET / HTTP/1.1\r\nHost: 192.0.2.1\r\nUser-Agent: Eddy\r\n\r\n":                                                                             {},
		"GET /a%20b?c=d HTTP/1.1\r\nHost: 192.0.2.1\r\nUser-Agent: Eddy\r\n\r\n":                                                                    {URL: server + "/a b?c=d#e"},
		"GET / HTTP/1.1\r\nHost: 192.0.2.1:81\r\nUser-Agent: Eddy\r\n\r\n":                                                                          {URL: server + ":81"},
		"GET / HTTP/1.1\r\nHost: 192.0.2.1\r\nUser-Agent: Eddy\r\nAuthorization: Basic YTpi\r\n\r\n":                                                {URL: "http://a:b@192.0.2.1"},
		"GET / HTTP/1.1\r\nHost: other:1\r\nuser-agent: me\r\n\r\n":                                                                                 {Header: fields("Host", "other:1", "user-agent", "me")},
		"GET / HTTP/1.1\r\nHost: 192.0.2.1\r\nUser-Agent: mine\r\n\r\n":                                                                             {UserAgent: "mine"},
		"GET / HTTP/1.1\r\nHost: 192.0.2.1\r\nB: 2\r\nA: 1\r\nB: 3\r\nUser-Agent: Eddy\r\n\r\n":                                                     {Header: fields("B", "2", "A", "1", "B", "3")},
		"GET / HTTP/1.1\r\nHost: 192.0.2.1\r\nUser-Agent: Eddy\r\nIf-Modified-Since: Sat, 03 Feb 2001 04:05:06 GMT\r\n\r\n":                         {IfModifiedSince: date},
		"POST / HTTP/1.1\r\nHost: 192.0.2.1\r\nUser-Agent: Eddy\r\nContent-Length: 0\r\n\r\n":                                                       {Method: "POST"},
		"POST / HTTP/1.1\r\nHost: 192.0.2.1\r\nUser-Agent: Eddy\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b": {Method: "POST", Body: []byte("a=b")},
		"POST / HTTP/1.1\r\nHost: 192.0.2.1\r\ncontent-type: x/y\r\nUser-Agent: Eddy\r\nContent-Length: 1\r\n\r\na":                                 {Method: "POST", Body: []byte("a"), Header: fields("content-type", "x/y")},
		"PUT / HTTP/1.1\r\nHost: 192.0.2.1\r\nUser-Agent: Eddy\r\nContent-Length: 1\r\n\r\na":                                                       {Method: "PUT", Body: []byte("a")},
		"DELETE / HTTP/1.1\r\nHost: 192.0.2.1\r\nUser-Agent: Eddy\r\nContent-Length: 1\r\n\r\na":                                                    {Method: "DELETE", Body: []byte("a")},
		"BREW / HTTP/1.1\r\nHost: 192.0.2.1\r\nUser-Agent: Eddy\r\nContent-Length: 1\r\n\r\na":                                                      {Method: "BREW", Body: []byte("a"), AllowNonstandardMethods: true},
		"PUT / HTTP/1.1\r\nHost: 192.0.2.1\r\nUser-Agent: Eddy\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n":                          {Method: "PUT", BodyReader: strings.NewReader("abc")},
		"PUT / HTTP/1.1\r\nHost: 192.0.2.1\r\nUser-Agent: Eddy\r\nContent-Length: 3\r\n\r\nxyz":                                                     {Method: "PUT", BodyReader: strings.NewReader("xyz"), BodyLength: 3},
		// Framing is the client's own.
		"PUT / HTTP/1.1\r\nHost: 192.0.2.1\r\nUser-Agent: Eddy\r\nContent-Length: 2\r\n\r\nab": {Method: "PUT", Body: []byte("ab"), Header: fields("Content-Length", "7", "Transfer-Encoding", "chunked")},
	} {
		onFakeNet(t, httpclient.Options{NoDecompress: true}, func(n *fakeNet) {
			if r.URL == "" {
				r.URL = server
			}
			before := r.Header.Clone()
			n.fetch(&r, ok)
			synctest.Wait()
			if got := n.last().Take(); got != want {
				t.Errorf("%q\nwant\n%q", got, want)
			}
			if after := r.Header; len(after.Fields()) != len(before.Fields()) {
				t.Errorf("the request's header was changed: %v", after)
			}
		})
	}
}
