package eddy_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"eddy"
	"eddy/async"
	"eddy/httpclient"
	"eddy/httputil/formdata"
	"eddy/web"
)

// python returns a Python that has Tornado.
func python(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"python3", "/usr/bin/python3"} { // which may be another one
		if exec.Command(name, "-c", "import tornado.httpclient").Run() == nil {
			return name
		}
	}
	t.Skip("needs Python with Tornado")
	return ""
}

// tornadoServer runs testdata/tornado_server.py until the test ends, and returns its URL.
func tornadoServer(t *testing.T, args ...string) string {
	cmd := exec.Command(python(t), append([]string{"testdata/tornado_server.py"}, args...)...)
	var log bytes.Buffer
	cmd.Stderr = &log
	in, err := cmd.StdinPipe() // it ends with this
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
		if t.Failed() {
			t.Logf("Tornado says:\n%s", log.String())
		}
	})
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return "http://127.0.0.1:" + strings.TrimSpace(port)
}

// Eddy's client and Tornado's server understand each other.
func TestTornado_ServesOurClient(t *testing.T) {
	site := tornadoServer(t)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := httpclient.New(httpclient.Options{Jar: jar, ExpectTimeout: -1, Proxy: httpclient.Direct})
	t.Cleanup(func() { c.Close() })
	ctx := t.Context()
	do := func(r *httpclient.Request) *httpclient.Response {
		t.Helper()
		r.URL = site + r.URL
		resp, err := c.Do(ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	wants := func(resp *httpclient.Response, status int, field, want string) {
		t.Helper()
		if got := strings.Join(resp.Header.Values(field), "; "); resp.Status != status || got != want {
			t.Errorf("%d, %s is %q, want %d, %q", resp.Status, field, got, status, want)
		}
	}

	long := strings.Repeat("0123456789", 100_000)
	peer := do(&httpclient.Request{URL: "/echo"}).Header.Get("Peer")
	for _, method := range []string{"GET", "HEAD", "DELETE", "OPTIONS", "POST", "PUT", "PATCH"} {
		for _, body := range []string{"", "body", long} {
			if body != "" && len(method) < 5 && method != "POST" && method != "PUT" {
				continue
			}
			resp := do(&httpclient.Request{Method: method, URL: "/echo", Header: httpclient.Header("Content-Type", "x/y"), Body: []byte(body)})
			wants(resp, 200, "Seen", method+" x/y")
			wants(resp, 200, "Peer", peer) // by the same connection, always
			if string(resp.Body) != body {
				t.Errorf("%s: %d of %d bytes came back", method, len(resp.Body), len(body))
			}
		}
	}
	wants(do(&httpclient.Request{URL: "/echo", Username: "u", Password: "ü:"}), 200, "Seen-Authorization", "Basic dTrDvDo=")
	wants(do(&httpclient.Request{URL: "/absent"}), 404, "Peer", "")

	form := do(&httpclient.Request{Method: "POST", URL: "/echo", Body: []byte(url.Values{"b": {"x y", "&"}, "c": {""}}.Encode())})
	wants(form, 200, "Seen", "POST application/x-www-form-urlencoded")
	wants(form, 200, "Argument", "b=x y,&; c=")
	for _, file := range []formdata.Content{formdata.FromReaderAt(strings.NewReader(long), int64(len(long))), formdata.FromReader(strings.NewReader(long))} {
		b := formdata.NewBuilder()
		if err := b.Field("name", "value"); err != nil {
			t.Fatal(err)
		}
		if err := b.File("file", "a.txt", "text/plain", file); err != nil {
			t.Fatal(err)
		}
		body, err := b.Reader()
		if err != nil {
			t.Fatal(err)
		}
		resp := do(&httpclient.Request{Method: "POST", URL: "/echo", Header: httpclient.Header("Content-Type", b.ContentType()), BodyReader: body, BodyLength: b.Size()})
		wants(resp, 200, "Argument", "name=value")
		wants(resp, 200, "File", fmt.Sprintf("file=a.txt:text/plain:%d", len(long)))
	}

	resp := do(&httpclient.Request{URL: "/long"})
	if !resp.Uncompressed || string(resp.Body) != strings.Repeat("much ", 100_000) {
		t.Errorf("uncompressed is %v, %d bytes", resp.Uncompressed, len(resp.Body))
	}
	etag := resp.Header.Get("Etag")
	if resp := do(&httpclient.Request{URL: "/long", Header: httpclient.Header("If-None-Match", etag)}); etag == "" || resp.Status != 304 || len(resp.Body) > 0 {
		t.Errorf("%s: %d, %d bytes", etag, resp.Status, len(resp.Body))
	}

	for status, want := range map[int]string{302: "GET -", 303: "GET -", 307: "POST x/y", 308: "POST x/y"} {
		resp := do(&httpclient.Request{Method: "POST", URL: "/away?status=" + strconv.Itoa(status), Header: httpclient.Header("Content-Type", "x/y"), Body: []byte("body")})
		wants(resp, 200, "Seen", want)
		wants(resp, 200, "Seen-Cookie", "way=taken")
		if resp.URL != site+"/echo" || len(resp.History) != 1 || resp.History[0].Status != status {
			t.Errorf("%s by %v", resp.URL, resp.History)
		}
	}

	produce := func(_ context.Context, w io.Writer) error { _, err := io.WriteString(w, long); return err }
	for _, expect := range []bool{false, true} { // there is no limit to the wait: without the server's word the body would not be sent
		for _, length := range []int64{0, int64(len(long))} {
			r := &httpclient.Request{Method: "PUT", URL: "/upload", BodyProducer: produce, BodyLength: length, ExpectContinue: expect}
			if resp := do(r); string(resp.Body) != strconv.Itoa(len(long)) {
				t.Errorf("expect is %v, length %d: %d %s", expect, length, resp.Status, resp.Body)
			}
		}
	}
	wants(do(&httpclient.Request{Method: "PUT", URL: "/upload?refuse=1", BodyProducer: produce, ExpectContinue: true}), 403, "Seen", "")

	stream, err := c.Stream(ctx, &httpclient.Request{URL: site + "/pieces"})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	if text, err := io.ReadAll(stream); string(text) != "piece 0\npiece 1\npiece 2\npiece 3\npiece 4\n" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}

// Tornado's clients and Eddy's server understand each other.
func TestTornado_ClientsOfOurServer(t *testing.T) {
	name := python(t)
	_, addr, _ := serve(t, app(forTornado), eddy.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, "testdata/tornado_client.py", addr).CombinedOutput()
	if err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
	t.Logf("%s", out)
}

// forTornado is what testdata/tornado_client.py asks for.
func forTornado(ctx context.Context, h *web.RequestHandler) error {
	first, rest, _ := strings.Cut(h.PathValue("path"), "/")
	switch first {
	case "seen":
		h.SetHeader("Seen", h.Request.Method)
		if h.Request.Header.Get("User-Agent") == "me" {
			h.SetHeader("Query", url.QueryEscape(h.Request.QueryArguments().Get("q")))
		}
		if who := h.Request.Header.Get("Authorization"); who != "" {
			h.SetHeader("Seen-Authorization", who)
		}
		body, err := h.Body(ctx)
		if err != nil {
			return err
		}
		_, err = h.Write(body)
		return err
	case "away":
		status, err := strconv.Atoi(h.Request.QueryArguments().Get("status"))
		if err != nil {
			return err
		}
		return h.Redirect("/seen", status)
	case "status":
		status, err := strconv.Atoi(rest)
		if err != nil {
			return err
		}
		h.SetStatus(status)
		return nil
	case "pieces":
		for i := range 5 {
			if _, err := fmt.Fprintf(h, "piece %d\n", i); err != nil {
				return err
			}
			if err := h.Flush(ctx); err != nil {
				return err
			}
		}
		return nil
	}
	return async.Sleep(ctx, time.Hour)
}
