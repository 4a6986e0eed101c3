package httpclient_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"eddy/httpclient"
)

// tableCase is one of the tables in testdata, which are of parsers: what they make of these bytes.
type tableCase struct {
	ID     string `json:"id"`
	Send   string `json:"send"`
	Expect string `json:"expect"`
	Body   string `json:"body"`
	Note   string `json:"note"`
}

// stricter are the cases that these parsers accept, and why this client does not.
var stricter = map[string]string{
	"connection: HTTP 103 first, then 200":                                                    "the body is a byte short",
	"pico/response: incomplete 11":                                                            "a line ends in LF alone",
	"sample: RTSP response":                                                                   "another protocol",
	"sample: ICE response":                                                                    "another protocol",
	"sample: HTTP version 0.9":                                                                "it has no head",
	"content-length: Content-Length reset when no body is received":                           "the body is cut",
	"transfer-encoding: `chunked` before other transfer-encoding":                             "the body has no certain end",
	"transfer-encoding: multiple transfer-encoding where chunked is not the last one":         "the body has no certain end",
	"transfer-encoding: `chunkedchunked` transfer-encoding does not enable chunked enconding": "the body has no certain end",
	"pico/response: accept multiple spaces between tokens":                                    "one space (RFC 9112 §4)",
}

func TestTables_ResponsesOfOtherParsers(t *testing.T) {
	var send atomic.Pointer[string]
	url := script(t, func(c net.Conn, r *bufio.Reader) {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		io.WriteString(c, *send.Load())
		if req.Close { // the client ends it
			io.Copy(io.Discard, r)
		}
	})
	c := newClient(t, httpclient.Options{MaxRedirects: -1})
	fetch := func(connection string) (*httpclient.Response, error) {
		return c.Do(context.Background(), &httpclient.Request{URL: url, Header: fields("Upgrade", "h2c", "Connection", connection)})
	}
	count := 0
	for _, file := range []string{"llhttp_response", "picohttpparser_response"} {
		for _, tc := range readTable(t, "testdata/"+file+".json") {
			count++
			name := strings.TrimPrefix(tc.ID, "llhttp/response/")
			t.Run(name, func(t *testing.T) {
				send.Store(&tc.Send)
				resp, err := fetch("upgrade")
				good := err == nil && strings.Contains(tc.Body+tc.Send, string(resp.Body))
				switch why := stricter[name]; {
				case why != "":
					if err == nil {
						t.Errorf("accepted: %+v, though %s", resp, why)
					}
				case tc.Expect == "accept" && !good:
					t.Errorf("%v, %+v", err, resp)
				case tc.Expect == "reject" && err == nil && !(good && strings.HasPrefix(tc.Note, "Data after")):
					t.Errorf("accepted: %+v", resp)
				case tc.Expect == "eof" && !errors.Is(err, httpclient.ErrCut) && !(err == nil && strings.HasSuffix(tc.Send, "\r\n\r\n"+string(resp.Body))):
					t.Errorf("%v, %+v", err, resp)
				case tc.Expect == "accept" && (resp.ContentLength >= 0 || resp.Header.Has("Transfer-Encoding")): // it ends by itself
					if again, err := fetch("close"); err != nil || string(again.Body) != string(resp.Body) {
						t.Errorf("while the connection is open: %v, %+v", err, again)
					}
				}
			})
		}
	}
	if count != 105 {
		t.Errorf("%d cases", count)
	}
	if conns, _ := c.Resting(); conns != 0 {
		t.Errorf("%d connections rest, though all were closed", conns)
	}
}

func readTable(t *testing.T, path string) []tableCase {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var table struct {
		Cases []tableCase `json:"cases"`
	}
	if err := json.Unmarshal(data, &table); err != nil {
		t.Fatal(err)
	}
	return table.Cases
}
