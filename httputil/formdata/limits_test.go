package formdata_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"eddy/httputil"
	"eddy/httputil/formdata"
)

// manyParts is a body of n parts with this content each.
func manyParts(n int, content string) string {
	return strings.Repeat("--1234\r\nContent-Disposition: form-data; name=a\r\n\r\n"+content+"\r\n", n) + "--1234--\r\n"
}

// headOf returns a part head of exactly n bytes, its last line end not counted.
func headOf(n int) string {
	const rest = "Content-Disposition: form-data; name=a\r\nX: "
	return rest + strings.Repeat("x", n-len(rest))
}

func TestReader_Limits(t *testing.T) {
	for _, tc := range []struct {
		name, body string
		o          formdata.Options
		want       string // the end of it
	}{
		{"parts", manyParts(100, "x"), formdata.Options{}, `"x"`},
		{"one part more", manyParts(101, "x"), formdata.Options{}, `"x" 413`},
		{"own number of parts", manyParts(3, "x"), formdata.Options{Parts: 2}, `"x" 413`},
		{"head", "--1234\r\n" + headOf(10<<10) + "\r\n\r\nFoo\r\n--1234--", formdata.Options{}, `"Foo"`},
		{"larger head", "--1234\r\n" + headOf(10<<10+1) + "\r\n\r\nFoo\r\n--1234--", formdata.Options{}, "413"},
		{"head without end", "--1234\r\n" + headOf(1<<20), formdata.Options{}, "413"},
		{"own head", "--1234\r\n" + headOf(40<<10) + "\r\n\r\nFoo\r\n--1234--", formdata.Options{PartHead: 40 << 10}, `"Foo"`},
		{"larger than its own head", "--1234\r\n" + headOf(101) + "\r\n\r\nFoo\r\n--1234--", formdata.Options{PartHead: 100}, "413"},
		{"fields", onePart("Content-Disposition: form-data; name=a" + strings.Repeat("\nX:", 31)), formdata.Options{}, `"Foo"`},
		{"more fields", onePart("Content-Disposition: form-data; name=a" + strings.Repeat("\nX:", 32)), formdata.Options{}, "413"},
		{"no part at all", manyParts(1, "x"), formdata.Options{Parts: -1}, "413"},
		{"part", manyParts(1, "12345"), formdata.Options{Part: 5}, `"12345"`},
		{"part of many reads", manyParts(1, strings.Repeat("x", 50_000)), formdata.Options{Part: 50_000}, `x"`},
		{"larger part of many reads", manyParts(1, strings.Repeat("x", 50_001)), formdata.Options{Part: 50_000}, "!413 413"},
		{"larger part", manyParts(1, "123456"), formdata.Options{Part: 5}, "!413 413"},
		{"nothing in a part", manyParts(1, ""), formdata.Options{Part: -1}, `""`},
		{"something in a part", manyParts(1, "1"), formdata.Options{Part: -1}, "!413 413"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for how, body := range map[string]io.Reader{
				"whole": strings.NewReader(tc.body), "by bytes": iotest.OneByteReader(strings.NewReader(tc.body))} {
				if got := parts(body, tc.o); !strings.HasSuffix(got, tc.want) {
					t.Errorf("%s: ...%s, want ...%s", how, got[max(0, len(got)-50):], tc.want)
				}
			}
		})
	}
}

// counting counts what is read of it.
type counting struct {
	io.Reader
	bytes, reads int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.bytes += n
	c.reads++
	return n, err
}

// A head that is too large ends the reading, it is not read to its end.
func TestReader_StopsAtTheLimit(t *testing.T) {
	body := &counting{Reader: strings.NewReader("--1234\r\n" + headOf(50<<20))}
	if got := parts(body, formdata.Options{}); got != "413" || body.bytes > 20<<10 {
		t.Errorf("%s after %d bytes", got, body.bytes)
	}
}

// upload is a body with one file of size bytes, made as it is read.
func upload(size int64) io.Reader {
	return io.MultiReader(
		strings.NewReader("--1234\r\nContent-Disposition: form-data; name=a; filename=b\r\n\r\n"),
		io.LimitReader(&pattern{}, size), strings.NewReader("\r\n--1234--\r\n"))
}

// pattern is content that looks like the beginning of a delimiter again and again.
type pattern struct{ at int }

func (p *pattern) Read(b []byte) (int, error) {
	const text = "\r\n--123\r\r\n--1\n--1234--\r\n-"
	for i := range b {
		b[i] = text[p.at%len(text)]
		p.at++
	}
	return len(b), nil
}

// An upload takes the reader's buffer and no more, however large it is and by whichever method it is read.
func TestReader_LargeUploadTakesNoMemory(t *testing.T) {
	const size = 8 << 20
	for name, drain := range map[string]func(p *formdata.Part) (int64, error){
		"Read": func(p *formdata.Part) (n int64, err error) {
			buf := make([]byte, 1000)
			for err == nil {
				var m int
				m, err = p.Read(buf)
				n += int64(m)
			}
			if err == io.EOF {
				err = nil
			}
			return n, err
		},
		"WriteTo": func(p *formdata.Part) (int64, error) { return io.Copy(io.Discard, p) },
		"skipped": func(p *formdata.Part) (int64, error) { return size, nil },
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		body := &counting{Reader: upload(size)}
		r, err := formdata.NewReader(body, formHeader("multipart/form-data; boundary=1234"), formdata.Options{})
		if err != nil {
			t.Fatal(err)
		}
		p, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if n, err := drain(p); n != size || err != nil {
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
		if _, err := r.Next(); err != io.EOF {
			t.Errorf("%s: %v", name, err)
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 256<<10 {
			t.Errorf("%s: %d bytes of memory for an upload of %d", name, got, size)
		}
		if most := size/(8<<10) + 100; body.reads > int(most) {
			t.Errorf("%s: %d reads, want at most %d", name, body.reads, most)
		}
	}
}

// The content of a part that is read byte by byte is searched once: otherwise each byte would cost a whole buffer's search.
func TestReader_SmallReadsAreLinear(t *testing.T) {
	const size = 1 << 20
	body := "--1234\r\nContent-Disposition: form-data; name=a\r\n\r\n" + strings.Repeat("\r\n--123", size/7) + "\r\n--1234--"
	r, err := formdata.NewReader(strings.NewReader(body), formHeader("multipart/form-data; boundary=1234"), formdata.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for buf := make([]byte, 1); ; n++ {
		if _, err := p.Read(buf); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if n != size/7*7 {
		t.Errorf("%d bytes", n)
	}
}

func TestReader_PartIsOverWithTheNext(t *testing.T) {
	r, err := formdata.NewReader(strings.NewReader(manyParts(2, "xyz")), formHeader("multipart/form-data; boundary=1234"), formdata.Options{})
	if err != nil {
		t.Fatal(err)
	}
	first, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := first.Read(nil); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	second, err := r.Next() // nothing of the first was read
	if err != nil {
		t.Fatal(err)
	}
	if n, err := first.Read(make([]byte, 9)); n != 0 || err == nil || err == io.EOF {
		t.Errorf("the first part still reads: %d, %v", n, err)
	}
	if b, err := io.ReadAll(second); string(b) != "xyz" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	for range 2 {
		if _, err := r.Next(); err != io.EOF {
			t.Errorf("%v", err)
		}
		if _, err := second.Read(make([]byte, 1)); err == nil || err == io.EOF {
			t.Errorf("the last part still reads: %v", err)
		}
	}
}

// What the body fails with comes out as it is, at once and for good.
func TestReader_BodyErrors(t *testing.T) {
	for _, cut := range []int{0, 3, 20, len(manyParts(1, "xyz")) - 14} {
		for _, want := range []error{httputil.ErrClosed, httputil.ErrBodyTimeout, httputil.ErrBodyTooLarge} {
			body := io.MultiReader(strings.NewReader(manyParts(1, "xyz")[:cut]), iotest.ErrReader(want))
			r, err := formdata.NewReader(body, formHeader("multipart/form-data; boundary=1234"), formdata.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				p, err := r.Next()
				if err == nil {
					_, err = io.ReadAll(p)
				}
				if !errors.Is(err, want) {
					t.Errorf("cut at %d: %v, want %v", cut, err, want)
				}
			}
		}
	}
	r, _ := formdata.NewReader(idle{}, formHeader("multipart/form-data; boundary=1234"), formdata.Options{})
	if _, err := r.Next(); err != io.ErrNoProgress {
		t.Errorf("a body that never gives anything: %v", err)
	}
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

func TestPart_WriteToReportsTheWriter(t *testing.T) {
	full := errors.New("full")
	r, _ := formdata.NewReader(strings.NewReader(manyParts(1, "xyz")), formHeader("multipart/form-data; boundary=1234"), formdata.Options{})
	p, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := p.WriteTo(failing{2, full}); n != 2 || err != full {
		t.Errorf("%d, %v", n, err)
	}
	if b, err := io.ReadAll(p); string(b) != "z" || err != nil {
		t.Errorf("the rest is %q, %v", b, err)
	}
}

// failing takes n bytes of each write.
type failing struct {
	n   int
	err error
}

func (w failing) Write(p []byte) (int, error) { return min(w.n, len(p)), w.err }

func TestError_HoldsNothingOfTheClient(t *testing.T) {
	seen := map[string]bool{}
	for _, tc := range readerCases {
		body := strings.ReplaceAll(tc.body, "name=a", "name=s3cret")
		r, err := formdata.NewReader(strings.NewReader(body), formHeader("multipart/form-data; boundary=1234"), formdata.Options{})
		for err == nil {
			_, err = r.Next()
		}
		if err == io.EOF {
			continue
		}
		var known *formdata.Error
		if !errors.As(err, &known) || strings.Contains(err.Error(), "s3cret") || !strings.HasPrefix(err.Error(), "formdata: ") {
			t.Errorf("%s: %v", tc.name, err)
		}
		seen[err.Error()] = true
	}
	if len(seen) < 9 {
		t.Errorf("only %d kinds of errors: %v", len(seen), seen)
	}
	if _, err := formdata.Read(strings.NewReader("--1234"), formHeader("multipart/form-data; boundary=1234"), formdata.Options{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a truncated body: %v", err)
	}
}

// A parameter with as many semicolons as fit is one pass (CVE-2025-67726).
func TestReader_ParametersAreLinear(t *testing.T) {
	const n = 1 << 20
	for _, piece := range []string{";", `\"`, `;"";`, "x;"} {
		head := `Content-Disposition: form-data; x="` + strings.Repeat(piece, n/len(piece)) + `"; name="files"; filename="a.txt"`
		if strings.Contains(piece, `""`) {
			head = `Content-Disposition: form-data` + strings.Repeat(`; x=""`, n/6) + `; name="files"; filename="a.txt"`
		}
		got := parts(strings.NewReader(onePart(head)), formdata.Options{PartHead: 2 << 20})
		if got != `files/a.txt/application/octet-stream="Foo"` {
			t.Errorf("%q: %.100s", piece, got)
		}
	}
}

func BenchmarkReader(b *testing.B) {
	for _, size := range []int{100, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			body := []byte(manyParts(1, strings.Repeat("0123456789\r\n-abc", size/16)))
			header := formHeader("multipart/form-data; boundary=1234")
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := formdata.NewReader(bytes.NewReader(body), header, formdata.Options{})
				for err == nil {
					_, err = r.Next()
				}
				if err != io.EOF {
					b.Fatal(err)
				}
			}
		})
	}
}
