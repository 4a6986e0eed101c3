package formdata_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"math"
	"mime"
	"mime/multipart"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"

	"eddy/httputil"
	"eddy/httputil/formdata"
)

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// body reads a form whole and holds that its size is the one that was told.
func body(t testing.TB, b *formdata.Builder) string {
	t.Helper()
	r, err := b.Reader()
	noError(t, err)
	defer r.Close()
	text, err := io.ReadAll(r)
	noError(t, err)
	if size := b.Size(); size >= 0 && size != int64(len(text)) {
		t.Errorf("%d bytes, and the size told is %d", len(text), size)
	}
	return string(text)
}

func text(s string) formdata.Content {
	return formdata.FromReaderAt(strings.NewReader(s), int64(len(s)))
}

func TestBuilder_WritesWhatBrowsersDo(t *testing.T) {
	b := formdata.NewBuilder()
	noError(t, b.SetBoundary("X"))
	noError(t, b.Field("title", "Notes"))
	noError(t, b.Field("a\"b\r\nc%\u00e9\\d;", ""))
	noError(t, b.File("file", "p\u00e9.txt", "text/plain; charset=utf-8", text("hello")))
	noError(t, b.File("file", `"x".bin`, "", text("")))
	const want = "--X\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nNotes\r\n" +
		"--X\r\nContent-Disposition: form-data; name=\"a%22b%0D%0Ac%\u00e9\\d;\"\r\n\r\n\r\n" +
		"--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"p\u00e9.txt\"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nhello\r\n" +
		"--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"%22x%22.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n" +
		"--X--\r\n"
	if got := body(t, b); got != want {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
	if got := b.ContentType(); got != "multipart/form-data; boundary=X" {
		t.Error(got)
	}
}

// sent are the parts of the round trips: name, file name and content.
var sent = [][3]string{
	{"plain", "", "value"}, {"empty", "", ""}, {"again", "", "1"}, {"again", "", "2"},
	{"\u00e9\u4e2d\U0001f600", "", "\u00e9\u4e2d"}, {"semi;colon", "", "a=b; c"}, {`quo"te`, "", `"`}, {"a'b", "", ""}, {"a=b&c", "", ""}, {"spa ce", "", " "},
	{"lines", "", "a\r\nb\nc\r\r\n"}, {"dashes", "", "--\r\n--\r\n----"}, {"bytes", "", "\x00\xff\x80"},
	{"file", "a.txt", "content"}, {"file", "\u00e9 \u4e2d.txt", strings.Repeat("long ", 20000)}, {"file", `q"uote.txt`, ""},
	{"file", "semi;colon.txt", "\r\n"}, {"file", "spa ce", "\r\n--"}, {"file", "100%.txt", "%22"},
}

func build(t testing.TB) *formdata.Builder {
	b := formdata.NewBuilder()
	for _, p := range sent {
		if p[1] == "" {
			noError(t, b.Field(p[0], p[2]))
		} else {
			noError(t, b.File(p[0], p[1], "text/x-test", text(p[2])))
		}
	}
	return b
}

func TestBuilder_RoundTrip(t *testing.T) {
	b := build(t)
	var header httputil.Header
	noError(t, header.Set("Content-Type", b.ContentType()))
	r, err := b.Reader()
	noError(t, err)
	parts, err := formdata.NewReader(iotest.OneByteReader(r), &header, formdata.Options{})
	noError(t, err)
	for _, want := range sent {
		p, err := parts.Next()
		noError(t, err)
		content, err := io.ReadAll(p)
		if err != nil || p.Name != want[0] || p.FileName != want[1] || string(content) != want[2] {
			t.Errorf("%q %q with %d bytes, %v, want %q %q with %d", p.Name, p.FileName, len(content), err, want[0], want[1], len(want[2]))
		}
		if want[1] != "" && p.ContentType() != "text/x-test" {
			t.Errorf("%s: %s", p.Name, p.ContentType())
		}
	}
	if _, err := parts.Next(); err != io.EOF {
		t.Errorf("behind the last: %v", err)
	}
}

func TestBuilder_RoundTripByMimeMultipart(t *testing.T) {
	b := build(t)
	_, params, err := mime.ParseMediaType(b.ContentType())
	noError(t, err)
	parts := multipart.NewReader(strings.NewReader(body(t, b)), params["boundary"])
	for _, want := range sent {
		p, err := parts.NextRawPart()
		noError(t, err)
		content, err := io.ReadAll(p)
		escaped := func(s string) string { return strings.ReplaceAll(s, `"`, "%22") } // which it leaves alone
		if err != nil || p.FormName() != escaped(want[0]) || p.FileName() != escaped(want[1]) || string(content) != want[2] {
			t.Errorf("%q %q with %d bytes, %v, want %q %q", p.FormName(), p.FileName(), len(content), err, want[0], want[1])
		}
	}
	if _, err := parts.NextRawPart(); err != io.EOF {
		t.Errorf("behind the last: %v", err)
	}
}

const tornadoParser = `
import sys
from tornado.httputil import parse_body_arguments
arguments, files = {}, {}
parse_body_arguments(sys.argv[1], sys.stdin.buffer.read(), arguments, files)
for name, values in arguments.items():
    for v in values:
        print(name.encode().hex(), '', len(v), sum(v), sep='|')
for name, values in files.items():
    for f in values:
        print(name.encode().hex(), f.filename.encode().hex(), len(f.body), sum(f.body), sep='|')
`

func TestBuilder_RoundTripByTornado(t *testing.T) {
	python := ""
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import tornado.httputil").Run() == nil {
			python = name
			break
		}
	}
	if python == "" {
		t.Skip("needs Python with Tornado")
	}
	b, want := formdata.NewBuilder(), []string{}
	for _, p := range sent {
		sum := 0
		for _, c := range []byte(p[2]) {
			sum += int(c)
		}
		inHex := func(s string) string { return hex.EncodeToString([]byte(strings.ReplaceAll(s, `"`, "%22"))) }
		var err error
		file := ""
		if p[1] == "" {
			err = b.Field(p[0], p[2])
		} else {
			err = b.File(p[0], p[1], "", text(p[2]))
			file = inHex(p[1])
		}
		noError(t, err)
		want = append(want, strings.Join([]string{inHex(p[0]), file, strconv.Itoa(len(p[2])), strconv.Itoa(sum)}, "|"))
	}
	cmd := exec.Command(python, "-c", tornadoParser, b.ContentType())
	cmd.Stdin = strings.NewReader(body(t, b))
	out, err := cmd.Output()
	noError(t, err)
	got := strings.Split(strings.TrimSpace(strings.ReplaceAll(string(out), "\r", "")), "\n")
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestBuilder_RefusesWhatBreaksOut(t *testing.T) {
	b := formdata.NewBuilder()
	for _, name := range []string{"", "a\x00", "a\tb", "a\x7f", "a\u0085", "a\xff", `a\`, "\v"} {
		if b.Field(name, "x") == nil {
			t.Errorf("a field called %q is taken", name)
		}
		if b.File(name, "f", "", text("x")) == nil {
			t.Errorf("a file in a field called %q is taken", name)
		}
		if b.File("f", name, "", text("x")) == nil {
			t.Errorf("a file called %q is taken", name)
		}
	}
	for _, kind := range []string{"text/plain\r\nX: y", "text/plain\n", "a\x00", `text/plain; a="b`} {
		if b.File("f", "f", kind, text("x")) == nil {
			t.Errorf("a content type %q is taken", kind)
		}
	}
	for name, c := range map[string]formdata.Content{
		"nothing": {}, "no reader": formdata.FromReader(nil), "a negative size": formdata.FromReaderAt(strings.NewReader(""), -1),
		"no reader at": formdata.FromReaderAt(nil, 1),
	} {
		if b.File("f", "f", "", c) == nil {
			t.Errorf("content of %s is taken", name)
		}
	}
	for _, boundary := range []string{"", strings.Repeat("x", 71), "a b", "a\r\nb", `a"b`, "a;b\x00", "\u00e9", "a<b"} {
		if b.SetBoundary(boundary) == nil {
			t.Errorf("a boundary %q is taken", boundary)
		}
	}
	if got := body(t, b); strings.Count(got, "\r\n") != 1 {
		t.Errorf("something was added: %q", got)
	}
	noError(t, b.Field("a", "x\r\n--mine--\r\n"))
	noError(t, b.Field("b", "--theirs"))
	for _, boundary := range []string{"mine", "min", "theirs"} {
		if b.SetBoundary(boundary) == nil {
			t.Errorf("the boundary %q is taken, which a field holds", boundary)
		}
	}
	noError(t, b.SetBoundary("other"))
	if b.Field("c", "--other") == nil {
		t.Error("a field is taken that holds the boundary")
	}
}

func TestBuilder_Boundaries(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		seen[formdata.NewBuilder().ContentType()] = true
	}
	if len(seen) != 100 {
		t.Errorf("%d different boundaries of 100", len(seen))
	}
	for _, boundary := range []string{"a", strings.Repeat("x", 70), "'()+_,-./:=?", "a:b"} {
		b := formdata.NewBuilder()
		noError(t, b.SetBoundary(boundary))
		noError(t, b.Field("a", "b"))
		_, params, err := mime.ParseMediaType(b.ContentType())
		if err != nil || params["boundary"] != boundary {
			t.Errorf("%s: %v, %v", b.ContentType(), params, err)
		}
		var header httputil.Header
		noError(t, header.Set("Content-Type", b.ContentType()))
		form, err := formdata.Read(strings.NewReader(body(t, b)), &header, formdata.Options{})
		if err != nil || form.Values.Get("a") != "b" {
			t.Errorf("%s: %v", boundary, err)
		}
	}
}

func TestBuilder_Size(t *testing.T) {
	b := formdata.NewBuilder()
	body(t, b) // which compares
	noError(t, b.Field("a", "b"))
	body(t, b)
	noError(t, b.File("f", "f", "", text("content")))
	body(t, b)
	huge := formdata.NewBuilder()
	for range 2 {
		noError(t, huge.File("f", "f", "", formdata.FromReaderAt(strings.NewReader(""), math.MaxInt64/3)))
		if n := huge.Size(); n <= math.MaxInt64/3 {
			t.Errorf("the size is %d", n)
		}
	}
	noError(t, huge.File("f", "f", "", formdata.FromReaderAt(strings.NewReader(""), math.MaxInt64/3)))
	if n := huge.Size(); n != -1 {
		t.Errorf("a size that no number holds is %d", n)
	}
	noError(t, b.File("f", "f", "", formdata.FromReader(strings.NewReader("content"))))
	if n := b.Size(); n != -1 {
		t.Errorf("a size that nobody knows is %d", n)
	}
	body(t, b)
}

func TestBuilder_FromFS(t *testing.T) {
	fsys := fstest.MapFS{"d/a.txt": {Data: []byte("content")}}
	for name, want := range map[string]error{"d": fs.ErrInvalid, "absent": fs.ErrNotExist} {
		if _, err := formdata.FromFS(fsys, name); !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c, err := formdata.FromFS(fsys, "d/a.txt")
	noError(t, err)
	b := formdata.NewBuilder()
	noError(t, b.File("f", "a.txt", "", c))
	for range 2 {
		if !strings.Contains(body(t, b), "\r\n\r\ncontent\r\n--") {
			t.Error("the content is not there")
		}
	}
	whole := body(t, b)
	fsys["d/a.txt"].Data = []byte("content and more")
	again := formdata.NewBuilder()
	noError(t, again.File("f", "a.txt", "", c))
	if got := body(t, again); len(got) != len(whole) {
		t.Errorf("a file that has grown: %q", got)
	}
	fsys["d/a.txt"].Data = []byte("con")
	if err := readError(t, b); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a file that has become shorter: %v", err)
	}
	delete(fsys, "d/a.txt")
	if err := readError(t, b); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that has gone: %v", err)
	}
}

func readError(t *testing.T, b *formdata.Builder) error {
	t.Helper()
	r, err := b.Reader()
	noError(t, err)
	defer r.Close()
	_, err = io.Copy(io.Discard, r)
	if _, again := r.Read(make([]byte, 1)); again != err {
		t.Errorf("first %v, then %v", err, again)
	}
	return err
}

// FuzzBuilder holds that whatever is taken is read as it was given.
func FuzzBuilder(f *testing.F) {
	f.Add("name", "file", "value", "content")
	f.Add("a\"b", "\\x", "--", "\r\n--eddy")
	f.Add("a%22", "a\r\nb", "\x00", "\xff")
	f.Fuzz(func(t *testing.T, name, file, value, content string) {
		b := formdata.NewBuilder()
		if b.Field(name, value) != nil || b.File(name, file, "", text(content)) != nil {
			return
		}
		_, params, err := mime.ParseMediaType(b.ContentType())
		noError(t, err)
		r := multipart.NewReader(strings.NewReader(body(t, b)), params["boundary"])
		for _, want := range []string{value, content} {
			p, err := r.NextRawPart()
			noError(t, err)
			got, err := io.ReadAll(p)
			if err != nil || !bytes.Equal(got, []byte(want)) || len(p.Header) > 2 {
				t.Errorf("%q, %v, %v, want %q", got, p.Header, err, want)
			}
		}
		if _, err := r.NextRawPart(); err != io.EOF {
			t.Errorf("behind the last: %v", err)
		}
	})
}
