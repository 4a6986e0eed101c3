package hardserver_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"eddy/http1"
	"eddy/httputil"
	"eddy/internal/hardserver"
)

// bare is the least client that package http1 makes: one connection for each request, no redirects, no content
// codings, no TLS. It shows what the reader of responses makes of the table.
type bare struct{}

func (bare) Close() {}

var limits = http1.Limits{HeaderBytes: hardserver.MaxHead, Body: hardserver.MaxBody}.WithDefaults()

func (bare) Fetch(ctx context.Context, c *hardserver.Case, target string) hardserver.Outcome {
	u, err := url.Parse(target)
	if err != nil {
		panic(err)
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return hardserver.Outcome{Class: hardserver.Connect}
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	conn.SetDeadline(deadline)
	method := c.Method
	if method == "" {
		method = "GET"
	}
	_, err = io.WriteString(conn, method+" "+u.Path+" HTTP/1.1\r\nHost: "+u.Host+"\r\n\r\n")
	r := reading{conn: conn}
	status, body, failed := 0, "", error(nil)
	if err == nil {
		status, body, failed = r.response(method)
	} else {
		failed = err
	}
	return hardserver.Outcome{Class: r.classify(failed), Status: status, Body: body}
}

// reading is a response on its way through http1.
type reading struct {
	conn net.Conn
	http http1.ResponseReader
	in   []byte
	any  bool // something has come
}

func (r *reading) fill() error {
	buf := make([]byte, 32<<10)
	n, err := r.conn.Read(buf)
	r.in = append(r.in, buf[:n]...)
	r.any = r.any || n > 0
	if n > 0 {
		return nil
	}
	return err
}

func (r *reading) response(method string) (status int, body string, err error) {
	if err := r.http.Start(method); err != nil {
		return 0, "", err
	}
	var head http1.ResponseHead
	for {
		n, err := r.http.FindHead(r.in, &limits)
		if err != nil {
			return 0, "", err
		}
		if n == 0 {
			if err := r.fill(); err != nil {
				return 0, "", err
			}
			continue
		}
		head = http1.ResponseHead{}
		if err := r.http.ParseHead(string(r.in[:n]), &limits, &head); err != nil {
			return 0, "", err
		}
		r.in = r.in[n:]
		if !head.Interim() {
			break
		}
	}
	if r.http.Tunnel() {
		return 0, "", errTunnel
	}
	var trailer httputil.Header
	var sb strings.Builder
	for !r.http.BodyDone() {
		data, n, done, err := r.http.ReadBody(r.in, 1<<20, &limits, &trailer)
		if err != nil {
			return 0, "", err
		}
		sb.Write(data)
		r.in = r.in[n:]
		if done || n > 0 {
			continue
		}
		if err := r.fill(); err == io.EOF {
			if err := r.http.EOF(); err != nil {
				return 0, "", err
			}
		} else if err != nil {
			return 0, "", err
		}
	}
	return head.Status, sb.String(), nil
}

var errTunnel = errors.New("the server speaks another protocol")

func (r *reading) classify(err error) hardserver.Class {
	var fault *http1.Error
	switch {
	case err == nil:
		return hardserver.OK
	case errors.Is(err, httputil.ErrBodyTooLarge):
		return hardserver.TooLarge
	case errors.Is(err, io.ErrUnexpectedEOF):
		return hardserver.Cut
	case errors.As(err, &fault), err == errTunnel:
		return hardserver.Protocol
	case !r.any && !isTimeout(err):
		return hardserver.Closed
	}
	if isTimeout(err) {
		return hardserver.Timeout
	}
	return hardserver.Cut
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

func TestRun_HTTP1(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a reset there takes along what was sent before it")
	}
	var cases []hardserver.Case
	for _, c := range hardserver.Cases() {
		family, _, _ := strings.Cut(c.Name, ":")
		switch family {
		case "gzip", "gzip broken", "redirect", "upload":
			continue
		}
		if !c.HTTPS && c.Upload == 0 && len(c.Then) == 0 && !c.Credentials && c.Name != "drip: gzip, byte by byte" {
			cases = append(cases, c)
		}
	}
	if len(cases) < 200 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, r := range hardserver.Run(t, cases, func(*hardserver.Case) hardserver.Client { return bare{} }) {
		if fault := r.Fault(); fault != "" {
			t.Errorf("%s: %s", r.Case.Name, fault)
		}
	}
}
