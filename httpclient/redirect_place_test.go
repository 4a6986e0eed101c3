package httpclient_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"eddy/httpclient"
)

// What is left of a redirect's body keeps nobody from following it.
func TestRedirect_GivesItsPlaceBack(t *testing.T) {
	onFakeNet(t, httpclient.Options{MaxClients: 1}, func(n *fakeNet) {
		done := n.get("/")
		n.answer("HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 100\r\n\r\nx")
		if line := took(n.last()); len(n.dials) != 2 || line != "GET /b" {
			t.Fatalf("%d connections, %q", len(n.dials), line)
		}
		n.answer(ok)
		n.good(done, "ok")
		time.Sleep(time.Second)
		if !closed(n.dials[0]) || closed(n.dials[1]) {
			t.Error("the wrong connection was kept")
		}
	})
}

// slowReader notices when it is used while a Read is under way.
type slowReader struct {
	*bytes.Reader
	t    *testing.T
	busy bool
}

func (r *slowReader) Read(p []byte) (int, error) {
	r.use()
	r.busy = true
	time.Sleep(10 * time.Second)
	r.busy = false
	return r.Reader.Read(p)
}

func (r *slowReader) Seek(offset int64, whence int) (int64, error) {
	r.use()
	return r.Reader.Seek(offset, whence)
}

func (r *slowReader) use() {
	if r.busy {
		r.t.Error("used by two exchanges at once")
	}
}

// A body that must be sent again is not rewound under the feet of the exchange before.
func TestRedirect_ReadsTheBodyForOneAtATime(t *testing.T) {
	onFakeNet(t, httpclient.Options{RequestTimeout: -1}, func(n *fakeNet) {
		done := n.do(context.Background(), &httpclient.Request{Method: "PUT", URL: server, BodyReader: &slowReader{Reader: bytes.NewReader([]byte("body")), t: t}})
		n.answer("HTTP/1.1 307 T\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n")
		time.Sleep(time.Minute)
		if sent := n.last().Take(); !strings.HasSuffix(sent, "\r\n4\r\nbody\r\n0\r\n\r\n") {
			t.Errorf("%q", sent)
		}
		n.answer(ok)
		n.good(done, "ok")
	})
}
