package httpclient_test

import (
	"errors"
	"testing"

	"eddy/httpclient"
)

// A status is an error for those who ask.
func TestResponse_Rethrow(t *testing.T) {
	onFakeNet(t, httpclient.Options{}, func(n *fakeNet) {
		for answer, want := range map[string]string{
			ok: "",
			"HTTP/1.1 399 X\r\nContent-Length: 0\r\n\r\n": "",
			"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n": "httpclient: http://192.0.2.1/a: 404 Not Found",
			"HTTP/1.1 799 X\r\nContent-Length: 0\r\n\r\n": "httpclient: http://192.0.2.1/a: 799 unknown status",
		} {
			resp := n.fetch(&httpclient.Request{URL: "http://me:secret@192.0.2.1/a?token=secret#x"}, answer)
			err := resp.Rethrow()
			if e, failed := errors.AsType[*httpclient.StatusError](err); failed != (want != "") || failed && (e.Response != resp || e.Code() != resp.Status || e.Error() != want) {
				t.Errorf("%d: %v", resp.Status, err)
			}
		}
	})
}
