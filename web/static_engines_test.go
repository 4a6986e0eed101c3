package web_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"eddy/httputil"
	"eddy/web"
)

// Files of all lengths, whole and in ranges, come by every engine as they are.
func TestStatic_Engines(t *testing.T) {
	tr := newTree(t)
	source := rand.NewChaCha8([32]byte{1})
	contents := map[string][]byte{}
	for _, size := range []int{0, 1, 32<<10 - 1, 32 << 10, 32<<10 + 1, 100_000, 3 << 20, 9 << 20} {
		b := make([]byte, size)
		source.Read(b)
		name := fmt.Sprint(size, ".bin")
		contents[name] = b
		tr.file(name, string(b))
	}
	forEachEngine(t, staticApp(web.StaticFileHandler{Files: tr.files()}), func(t *testing.T, base string) {
		for name, content := range contents {
			url := base + "/static/" + name
			resp, body, err := fetch(t, "GET", url, "")
			if err != nil || resp.StatusCode != 200 || body != string(content) || resp.ContentLength != int64(len(content)) {
				t.Errorf("%s: %d, %d bytes of %d, %v", name, resp.StatusCode, len(body), resp.ContentLength, err)
			}
			tag := resp.Header.Get("Etag")
			if resp, body, err := fetch(t, "GET", url, "", "If-None-Match: "+tag); err != nil || resp.StatusCode != 304 || body != "" {
				t.Errorf("%s: %d with its tag: %v", name, resp.StatusCode, err)
			}
			resp, body, err = fetch(t, "HEAD", url, "")
			if err != nil || resp.StatusCode != 200 || body != "" || resp.ContentLength != int64(len(content)) {
				t.Errorf("HEAD %s: %d, %d: %v", name, resp.StatusCode, resp.ContentLength, err)
			}
			if len(content) < 10000 {
				continue
			}
			from, to := len(content)/5, len(content)-7
			resp, body, err = fetch(t, "GET", url, "", fmt.Sprintf("Range: bytes=%d-%d", from, to))
			if err != nil || resp.StatusCode != 206 || body != string(content[from:to+1]) {
				t.Errorf("%s: a range: %d, %d bytes: %v", name, resp.StatusCode, len(body), err)
			}
			asked := [][2]int{{len(content) - 100, len(content) - 1}, {0, 9}, {1000, len(content)/2 + 1000}}
			checkParts(t, url, content, asked)
		}
	})
}

func checkParts(t *testing.T, url string, content []byte, asked [][2]int) {
	t.Helper()
	var specs []string
	for _, r := range asked {
		specs = append(specs, fmt.Sprintf("%d-%d", r[0], r[1]))
	}
	field := "Range: bytes=" + strings.Join(specs, ", ")
	resp, body, err := fetch(t, "GET", url, "", field)
	_, params, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || resp.StatusCode != 206 || resp.ContentLength != int64(len(body)) || resp.Header.Get("Content-Range") != "" {
		t.Fatalf("%s: %d, %d bytes of %d: %v", field, resp.StatusCode, len(body), resp.ContentLength, err)
	}
	parts := multipart.NewReader(strings.NewReader(body), params["boundary"])
	for _, r := range asked {
		part, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(part)
		if err != nil || !bytes.Equal(got, content[r[0]:r[1]+1]) || part.Header.Get("Content-Type") != "application/octet-stream" ||
			part.Header.Get("Content-Range") != fmt.Sprintf("bytes %d-%d/%d", r[0], r[1], len(content)) {
			t.Errorf("part %v: %d bytes, %v, %v", r, len(got), part.Header, err)
		}
	}
	if _, err := parts.NextRawPart(); err != io.EOF {
		t.Errorf("after the last part: %v", err)
	}
	head, _, err := fetch(t, "HEAD", url, "", field)
	if err != nil || head.StatusCode != 206 || head.ContentLength != resp.ContentLength {
		t.Errorf("HEAD %s: %d, length %d, want %d: %v", field, head.StatusCode, head.ContentLength, resp.ContentLength, err)
	}
}

// Many small ranges of one file do not make more of it.
func TestStatic_RangesDoNotAmplify(t *testing.T) {
	tr := newTree(t)
	content := strings.Repeat("0123456789", 1000)
	tr.file("a.txt", content)
	app := staticApp(web.StaticFileHandler{Files: tr.files()})
	for _, field := range []string{
		"bytes=" + strings.Repeat("0-,", 30) + "0-",
		"bytes=" + strings.Repeat("0-0,", 40) + "1-1", // too many: none
		"bytes=0-5000,1-5001,2-5002,3-5003,4-9999",
	} {
		if w := do(t, app, request("GET /static/a.txt", "Range: "+field)); w.body.Len() > len(content) {
			t.Errorf("%.50s: %d bytes", field, w.body.Len())
		}
	}
	spread := make([]string, httputil.MaxRanges)
	for i := range spread {
		spread[i] = fmt.Sprintf("%d-%d", i*300, i*300)
	}
	w := do(t, app, request("GET /static/a.txt", "Range: bytes="+strings.Join(spread, ",")))
	if w.status != 206 || w.body.Len() > 200*len(spread) || w.length != int64(w.body.Len()) {
		t.Errorf("%d, %d bytes of %d", w.status, w.body.Len(), w.length)
	}
}

// watched returns an application that tells when a request has ended, in place of the access log.
func watched(h web.StaticFileHandler, packed bool) (app *web.Application, log *journal, ended chan struct{}) {
	log, ended = &journal{}, make(chan struct{}, 10)
	settings := web.Settings{Logger: slog.New(log), CompressResponse: packed,
		AccessLog: func(*web.RequestHandler) { ended <- struct{}{} }}
	return web.NewApplicationWith(settings, web.URL("/static/{path...}", h)), log, ended
}

// forEachWatched runs f with an application that sends a file on every engine, as it is and compressed: one
// that is larger than buffers on the way, also when it is compressed.
func forEachWatched(t *testing.T, f func(t *testing.T, tr *tree, path, base string, log *journal, ended chan struct{})) {
	for _, e := range engines {
		for what, packed := range map[string]bool{"": false, ", compressed": true} {
			t.Run(e.name+what, func(t *testing.T) {
				tr := newTree(t)
				path := tr.file("a.txt", "")
				if packed {
					noise := make([]byte, 16<<20)
					rand.NewChaCha8([32]byte{1}).Read(noise)
					tr.must(os.WriteFile(path, noise, 0o600))
				} else {
					tr.must(os.Truncate(path, 64<<20)) // which takes no disk
				}
				app, log, ended := watched(web.StaticFileHandler{Files: tr.files()}, packed)
				f(t, tr, path, e.serve(t, app), log, ended)
			})
		}
	}
}

// A file that becomes shorter while it is sent cannot pass for whole, and the log tells of it.
func TestStatic_FileShrinks(t *testing.T) {
	forEachWatched(t, func(t *testing.T, tr *tree, path, base string, log *journal, ended chan struct{}) {
		req, err := http.NewRequestWithContext(t.Context(), "GET", base+"/static/a.txt", nil)
		tr.must(err)
		req.Header.Set("Accept-Encoding", "gzip")
		client := newTransport(base)
		defer client.CloseIdleConnections()
		resp, err := client.RoundTrip(req)
		tr.must(err)
		defer resp.Body.Close()
		_, err = io.ReadFull(resp.Body, make([]byte, 1000))
		tr.must(err)
		tr.must(os.Truncate(path, 2000))
		if n, err := io.Copy(io.Discard, resp.Body); err == nil {
			t.Errorf("%d bytes more passed for the rest of the file", n)
		}
		<-ended
		if !strings.Contains(log.text(), "became shorter") || strings.Contains(log.text(), tr.dir) {
			t.Errorf("the log says %q", log.text())
		}
	})
}

// A client that leaves in the middle is no fault.
func TestStatic_ClientLeaves(t *testing.T) {
	forEachWatched(t, func(t *testing.T, tr *tree, path, base string, log *journal, ended chan struct{}) {
		c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
		tr.must(err)
		fmt.Fprint(c, "GET /static/a.txt HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n")
		_, err = io.ReadFull(bufio.NewReader(c), make([]byte, 1000))
		tr.must(err)
		c.Close()
		<-ended
		if text := log.text(); text != "" {
			t.Errorf("the log says %q", text)
		}
	})
}

// oneWay is a file system whose files cannot seek, as those of a zip.Reader.
type oneWay struct{ fs.FS }

type oneWayFile struct{ fs.File }

func (f oneWay) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	return oneWayFile{file}, err
}

func TestStatic_FilesThatCannotSeek(t *testing.T) {
	files := fstest.MapFS{"a.txt": {Data: []byte("0123456789"), ModTime: longAgo}}
	app := staticApp(web.StaticFileHandler{Files: &web.StaticFiles{FS: []fs.FS{oneWay{files}}}})
	for range 2 {
		for _, method := range []string{"GET", "HEAD"} {
			body := map[string]string{"GET": "0123456789"}[method]
			do(t, app, request(method+" /static/a.txt", "Range: bytes=1-2")).check(t, method, 200, body, "Accept-Ranges:",
				"Content-Range:", "Etag: "+hashTag("0123456789"))
			do(t, app, request(method+" /static/a.txt", "Range: bytes=100-")).check(t, method, 200, body)
			do(t, app, request(method+" /static/a.txt")).check(t, method, 200, body, "Accept-Ranges:")
		}
		do(t, app, request("GET /static/a.txt", "If-None-Match: "+hashTag("0123456789"))).check(t, "304", 304, "")
	}
}

// failing is a file system in which everything fails in one way.
type failing struct{ err error }

func (f failing) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: "/the/whole/" + name, Err: f.err}
}

func TestStatic_Failures(t *testing.T) {
	checkFailures(t, map[error]int{
		fs.ErrNotExist: 404, fs.ErrInvalid: 404, fs.ErrPermission: 403, errors.New("disk on fire"): 500,
		&web.HTTPError{Status: 507}: 507,
	})
}

// checkFailures holds which status answers an error, and that the log alone tells of it.
func checkFailures(t *testing.T, failures map[error]int) {
	t.Helper()
	for err, status := range failures {
		app, log := logged(web.URL("/static/{path...}", web.StaticFileHandler{Files: &web.StaticFiles{FS: []fs.FS{failing{err}}}}))
		w := do(t, app, request("GET /static/a.txt"))
		if w.status != status || strings.Contains(w.body.String(), "whole") {
			t.Errorf("%v: %d %q, want %d", err, w.status, w.body.String(), status)
		}
		if told := strings.Contains(log.text(), "/the/whole/a.txt"); told != (status != 404 && status != 507) {
			t.Errorf("%v: the log says %q", err, log.text())
		}
	}
}

// stuck is a file system on a disk that does not answer for a while.
type stuck struct {
	fs.FS
	asked, answer chan struct{}
}

func (s stuck) Open(name string) (fs.File, error) {
	if name == "slow.txt" {
		s.asked <- struct{}{}
		<-s.answer
	}
	return s.FS.Open(name)
}

func (s stuck) Stat(name string) (fs.FileInfo, error) { return fs.Stat(s.FS, name) }

// While files are waited for, as many as there are loops and more, others are served.
func TestStatic_SlowDiskHoldsUpNobody(t *testing.T) {
	const waiting = 8
	files := fstest.MapFS{"slow.txt": {Data: []byte("slow")}, "quick.txt": {Data: []byte("quick")}}
	disk := stuck{files, make(chan struct{}), make(chan struct{})}
	forEachEngine(t, staticApp(web.StaticFileHandler{Files: &web.StaticFiles{FS: []fs.FS{disk}}}), func(t *testing.T, base string) {
		var wg sync.WaitGroup
		for range waiting {
			wg.Go(func() {
				if _, body, err := fetch(t, "GET", base+"/static/slow.txt", ""); body != "slow" || err != nil {
					t.Errorf("%q, %v", body, err)
				}
			})
			<-disk.asked
		}
		for range waiting {
			if _, body, err := fetch(t, "GET", base+"/static/quick.txt", ""); body != "quick" || err != nil {
				t.Errorf("%q, %v", body, err)
			}
		}
		for range waiting {
			disk.answer <- struct{}{}
		}
		wg.Wait()
	})
}
