package formdata_test

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"

	"eddy/httputil"
	"eddy/httputil/formdata"
	"eddy/internal/testdir"
)

const (
	urlencoded = "application/x-www-form-urlencoded"
	multi      = "multipart/form-data; boundary=1234"
)

func TestRead_URLEncoded(t *testing.T) {
	for body, want := range map[string]string{
		"":                                  "map[]",
		"a=1&b=&c&a=2":                      `map["a":["1" "2"] "b":[""] "c":[""]]`,
		"&&a=1&":                            `map["a":["1"]]`,
		"=x":                                `map["":["x"]]`,
		"a=b=c":                             `map["a":["b=c"]]`,
		"a+b=%C3%A9+%26%00":                 `map["a b":["é &\x00"]]`,
		"a=%ff":                             `map["a":["\xff"]]`, // who reads it says what it must be
		"%61=%3B":                           `map["a":[";"]]`,
		"a=%zz":                             "400",
		"a=%":                               "400",
		"a=%1":                              "400",
		"%=1":                               "400",
		"a=1;b=2":                           "400",
		strings.Repeat("a&", 1000):          "1000",
		strings.Repeat("a=1&", 1001):        "413",
		"a=" + strings.Repeat("x", 98):      `98`,
		"a=" + strings.Repeat("x", 99):      "413",
		"a=" + strings.Repeat("x", 100_000): "413",
	} {
		o := formdata.Options{}
		if strings.Contains(body, "xx") {
			o.Values = 100
		}
		form, err := formdata.Read(strings.NewReader(body), formHeader(urlencoded+"; charset=UTF-8"), o)
		got := ""
		switch {
		case err != nil:
			got = statusOf(err)
		case len(form.Values["a"]) > 2:
			got = fmt.Sprint(len(form.Values["a"]))
		case len(form.Values.Get("a")) > 20:
			got = fmt.Sprint(len(form.Values.Get("a")))
		default:
			got = fmt.Sprintf("%q", form.Values)
		}
		if got != want {
			t.Errorf("%.30s: %s, want %s", body, got, want)
		}
	}
}

func FuzzRead_URLEncoded(f *testing.F) {
	for _, s := range []string{"a=1&b=2", "a=%41&a=+", "a;b", "a=%", "&=&"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		if strings.Count(body, "&") > 900 {
			return
		}
		form, err := formdata.Read(strings.NewReader(body), formHeader(urlencoded), formdata.Options{})
		want, stdErr := url.ParseQuery(body)
		if (err == nil) != (stdErr == nil) {
			t.Fatalf("%q: %v, and by net/url %v", body, err, stdErr)
		}
		if err == nil && fmt.Sprint(form.Values) != fmt.Sprint(want) {
			t.Errorf("%q: %q, want %q", body, form.Values, want)
		}
	})
}

func TestRead_OtherTypes(t *testing.T) {
	for _, contentType := range []string{"", "text/plain", "application/json", "multipart/mixed; boundary=1234", urlencoded + "x"} {
		if _, err := formdata.Read(idle{}, formHeader(contentType), formdata.Options{}); err != error(formdata.ErrNotForm) {
			t.Errorf("%q: %v", contentType, err)
		}
	}
	coded := formHeader(urlencoded)
	coded.Append("Content-Encoding", "gzip")
	if _, err := formdata.Read(idle{}, coded, formdata.Options{}); statusOf(err) != "415" || errors.Is(err, formdata.ErrNotForm) {
		t.Errorf("a coded body: %v", err)
	}
}

// filePart is a part with a file.
func filePart(name, content string) string {
	return "--1234\r\nContent-Disposition: form-data; name=f; filename=" + name + "\r\nContent-Type: x/" + name + "\r\n\r\n" + content + "\r\n"
}

func fieldPart(name, value string) string {
	return "--1234\r\nContent-Disposition: form-data; name=" + name + "\r\n\r\n" + value + "\r\n"
}

// inDir returns options with a temporary directory of their own, and a function that lists it.
func inDir(t *testing.T) (formdata.Options, func() []string) {
	dir := testdir.New(t)
	return formdata.Options{TempDir: dir}, func() (names []string) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
}

func TestRead_Multipart(t *testing.T) {
	large, other := strings.Repeat("0123456789", 5000), strings.Repeat("\r\n--123", 3000)
	body := fieldPart("a", "1") + filePart("small", "s") + fieldPart("b", "") + filePart("large", large) +
		fieldPart("a", "2") + filePart("other", other) + filePart("empty", "") + filePart("last", "l") + "--1234--\r\nmore"
	o, files := inDir(t)
	o.Memory = 1000
	form, err := formdata.Read(strings.NewReader(body), formHeader(multi), o)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(form.Values); got != "map[a:[1 2] b:[]]" {
		t.Errorf("values %s", got)
	}
	if runtime.GOOS != "windows" && len(files()) != 0 {
		t.Errorf("the temporary file has the name %q", files())
	}
	for i, want := range []struct {
		name, content string
		inMemory      bool
	}{{"small", "s", true}, {"large", large, false}, {"other", other, false}, {"empty", "", true}, {"last", "l", true}} {
		f := form.Files["f"][i]
		content, err := f.Body()
		if err != nil || string(content) != want.content || f.Name != want.name || f.Size != int64(len(want.content)) ||
			f.InMemory() != want.inMemory || f.ContentType != "x/"+want.name || f.Header.Get("content-type") != f.ContentType {
			t.Errorf("%s: %d bytes of %d %s in memory: %v, %v", f.Name, len(content), f.Size, f.ContentType, f.InMemory(), err)
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if err := iotest.TestReader(r, []byte(want.content)); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	r, err := form.Files["f"][1].Open()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := form.Close(); err != nil {
			t.Error(err)
		}
	}
	if names := files(); len(names) != 0 {
		t.Errorf("left behind: %q", names)
	}
	if _, err := r.Read(make([]byte, 1)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a reader of a closed form: %v", err)
	}
	for _, f := range form.Files["f"] {
		if _, err := f.Open(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("Open after Close: %v", err)
		}
		if _, err := f.Body(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("Body after Close: %v", err)
		}
	}
}

// Files are read at the same time, each reader from its own place.
func TestForm_FilesAreReadByMany(t *testing.T) {
	o, _ := inDir(t)
	o.Memory = 10
	body := filePart("a", strings.Repeat("a", 50_000)) + filePart("b", strings.Repeat("b", 50_000)) + "--1234--"
	form, err := formdata.Read(strings.NewReader(body), formHeader(multi), o)
	if err != nil {
		t.Fatal(err)
	}
	defer form.Close()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			f := form.Files["f"][i%2]
			if b, err := f.Body(); err != nil || string(b) != strings.Repeat(f.Name, 50_000) {
				t.Errorf("%s: %d bytes, %v", f.Name, len(b), err)
			}
		})
	}
	wg.Wait()
}

func TestRead_Limits(t *testing.T) {
	kb := strings.Repeat("x", 1000)
	end := "--1234--\r\n"
	for _, tc := range []struct {
		name, body string
		set        func(o *formdata.Options)
		want       string
	}{
		{"values", fieldPart("a", kb) + fieldPart("b", kb) + end, func(o *formdata.Options) { o.Values = 2002 }, ""},
		{"larger values", fieldPart("a", kb) + fieldPart("b", kb) + end, func(o *formdata.Options) { o.Values = 2001 }, "413"},
		{"names count", fieldPart(kb, "") + end, func(o *formdata.Options) { o.Values = 999 }, "413"},
		{"one large value", fieldPart("a", strings.Repeat(kb, 100)) + end, func(o *formdata.Options) { o.Values = 1000 }, "413"},
		{"files are no values", filePart("a", kb) + end, func(o *formdata.Options) { o.Values = 10 }, ""},
		{"body", end, func(o *formdata.Options) { o.Body = int64(len(end)) }, ""},
		{"larger body", filePart("a", kb) + end, func(o *formdata.Options) { o.Body = 1000 }, "413"},
		{"larger body on disk", filePart("a", strings.Repeat(kb, 100)) + end, func(o *formdata.Options) { o.Body, o.Memory = 90_000, 1 }, "413"},
		{"default body", filePart("a", strings.Repeat(kb, 11_000)) + end, func(*formdata.Options) {}, "413"},
		{"nothing", end, func(o *formdata.Options) { o.Body = -1 }, "413"},
		{"parts", manyParts(101, ""), func(*formdata.Options) {}, "413"},
		{"truncated on disk", filePart("a", strings.Repeat(kb, 100)), func(o *formdata.Options) { o.Memory = 1 }, "400"},
		{"a bad part after one on disk", filePart("a", kb) + "--1234\r\nX: y\r\n\r\n", func(o *formdata.Options) { o.Memory = 1 }, "400"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o, files := inDir(t)
			tc.set(&o)
			form, err := formdata.Read(strings.NewReader(tc.body), formHeader(multi), o)
			got := ""
			if err != nil {
				got = statusOf(err)
			} else {
				form.Close()
			}
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if got == "413" && !errors.Is(err, httputil.ErrBodyTooLarge) {
				t.Errorf("%v is not ErrBodyTooLarge", err)
			}
			if names := files(); len(names) != 0 {
				t.Errorf("left behind: %q", names)
			}
		})
	}
}

// Memory is the bound for all files of a form together.
func TestRead_FilesInMemoryAreBoundedTogether(t *testing.T) {
	o, _ := inDir(t)
	o.Memory = 2500
	kb := strings.Repeat("x", 1000)
	form, err := formdata.Read(strings.NewReader(strings.Repeat(filePart("a", kb), 4)+"--1234--"), formHeader(multi), o)
	if err != nil {
		t.Fatal(err)
	}
	defer form.Close()
	got := ""
	for _, f := range form.Files["f"] {
		got += fmt.Sprint(f.InMemory(), " ")
	}
	if got != "true true false false " {
		t.Errorf("in memory: %s", got)
	}
}

// The largest limits are none, and not so large that they overflow.
func TestRead_Unlimited(t *testing.T) {
	const most = math.MaxInt64
	o := formdata.Options{Body: most, Values: most, Memory: most, Part: most, Parts: math.MaxInt32, Arguments: math.MaxInt32}
	for contentType, body := range map[string]string{urlencoded: "a=1", multi: fieldPart("a", "1") + filePart("f", "x") + "--1234--"} {
		form, err := formdata.Read(strings.NewReader(body), formHeader(contentType), o)
		if err != nil || form.Values.Get("a") != "1" {
			t.Errorf("%s: %v", contentType, err)
		}
	}
}

func TestRead_NoFileInMemory(t *testing.T) {
	o, files := inDir(t)
	o.Memory = -1
	form, err := formdata.Read(strings.NewReader(filePart("a", "x")+filePart("b", "")+"--1234--"), formHeader(multi), o)
	if err != nil {
		t.Fatal(err)
	}
	if f := form.Files["f"]; f[0].InMemory() || !f[1].InMemory() {
		t.Errorf("in memory: %v and %v", f[0].InMemory(), f[1].InMemory())
	}
	if err := form.Close(); err != nil || len(files()) != 0 {
		t.Errorf("%v, left behind: %q", err, files())
	}
}

func BenchmarkRead(b *testing.B) {
	for name, form := range map[string][2]string{
		"urlencoded": {urlencoded, "name=Ada+Lovelace&mail=ada%40example.com&text=" + strings.Repeat("word+", 20)},
		"multipart":  {multi, fieldPart("name", "Ada") + filePart("a.txt", strings.Repeat("x", 4000)) + "--1234--"},
	} {
		b.Run(name, func(b *testing.B) {
			header := formHeader(form[0])
			b.SetBytes(int64(len(form[1])))
			b.ReportAllocs()
			for b.Loop() {
				f, err := formdata.Read(strings.NewReader(form[1]), header, formdata.Options{})
				if err != nil {
					b.Fatal(err)
				}
				f.Close()
			}
		})
	}
}

// A tinyDisk is a temporary file on a disk with so much room.
type tinyDisk struct {
	*os.File
	room   int
	closed *int
}

func (d *tinyDisk) Write(p []byte) (int, error) {
	n := min(len(p), d.room)
	d.room -= n
	n, err := d.File.Write(p[:n])
	if err == nil && n < len(p) {
		err = &os.PathError{Op: "write", Path: d.Name(), Err: syscall.ENOSPC}
	}
	return n, err
}

func (d *tinyDisk) Close() error { *d.closed++; return d.File.Close() }

func TestRead_FullDisk(t *testing.T) {
	for _, room := range []int{0, 10, 40_000} {
		o, files := inDir(t)
		o.Memory = 100
		closed := 0
		_, err := formdata.ReadInto(strings.NewReader(filePart("a", strings.Repeat("x", 100_000))+"--1234--"), formHeader(multi), o,
			func(dir string) (formdata.TempFile, error) {
				f, err := os.CreateTemp(dir, "")
				return &tinyDisk{f, room, &closed}, err
			})
		if err == nil || statusOf(err) != "507" || !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("with room for %d: %v", room, err)
		}
		if names := files(); closed != 1 || len(names) != 0 {
			t.Errorf("with room for %d: closed %d times, left behind: %q", room, closed, names)
		}
	}
	o := formdata.Options{Memory: 1, TempDir: testdir.New(t) + "/absent"}
	if _, err := formdata.Read(strings.NewReader(filePart("a", "xyz")+"--1234--"), formHeader(multi), o); statusOf(err) != "507" {
		t.Errorf("without a directory: %v", err)
	}
}

// What the body fails with is the error, and the temporary file goes.
func TestRead_BodyErrors(t *testing.T) {
	o, files := inDir(t)
	o.Memory = 1
	body := io.MultiReader(strings.NewReader(filePart("a", "xyz")+filePart("b", "xy")), iotest.ErrReader(httputil.ErrClosed))
	if _, err := formdata.Read(body, formHeader(multi), o); err != error(httputil.ErrClosed) {
		t.Errorf("%v", err)
	}
	if names := files(); len(names) != 0 {
		t.Errorf("left behind: %q", names)
	}
	if _, err := formdata.Read(iotest.ErrReader(httputil.ErrBodyTimeout), formHeader(urlencoded), o); err != httputil.ErrBodyTimeout {
		t.Errorf("%v", err)
	}
}
