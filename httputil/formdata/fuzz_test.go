package formdata_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"strings"
	"testing"
	"unicode/utf8"

	"eddy/httputil/formdata"
)

// pieces is a body that comes in pieces of random lengths.
type pieces struct {
	rest []byte
	rand *rand.Rand
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.rest[:min(len(p.rest), 1+p.rand.IntN(20))])
	p.rest = p.rest[n:]
	return n, nil
}

// std reads a body by mime/multipart: a name and a content for each part.
func std(body []byte) (all []string, ok bool) {
	r := multipart.NewReader(bytes.NewReader(body), "1234")
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return all, true
		}
		if err != nil {
			return nil, false
		}
		content, err := io.ReadAll(p)
		if err != nil {
			return nil, false
		}
		all = append(all, p.FormName(), string(content))
	}
}

// However a body is split, it reads the same. What we accept, mime/multipart accepts and reads alike, but for the escapes in names.
func FuzzReader(f *testing.F) {
	for _, tc := range readerCases {
		f.Add([]byte(tc.body), uint64(1))
	}
	f.Add([]byte(manyParts(3, "\r\n--123")), uint64(2))
	f.Fuzz(func(t *testing.T, body []byte, seed uint64) {
		whole := parts(bytes.NewReader(body), formdata.Options{})
		split := parts(&pieces{body, rand.New(rand.NewPCG(seed, 0))}, formdata.Options{})
		if whole != split {
			t.Errorf("%q:\nwhole %s\nsplit %s", body, whole, split)
		}
		r, err := formdata.NewReader(bytes.NewReader(body), formHeader("multipart/form-data; boundary=1234"), formdata.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var ours []string
		for {
			p, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				return
			}
			content, err := io.ReadAll(p)
			if err != nil {
				return
			}
			if p.Name == "" || !utf8.ValidString(p.Name+p.FileName) || strings.ContainsAny(p.Name+p.FileName, "\r\n\x00") || strings.ContainsAny(p.FileName, `/\`) {
				t.Errorf("%q: names %q and %q", body, p.Name, p.FileName)
			}
			ours = append(ours, p.Name, string(content))
		}
		theirs, ok := std(body)
		if ok && len(ours) != len(theirs) {
			t.Fatalf("%q:\nours   %q\ntheirs %q", body, ours, theirs)
		}
		for i := range theirs {
			// It has no name where a parameter has no value or an escape is odd, and others where there are escapes.
			isName := i%2 == 0
			if isName && (theirs[i] == "" || bytes.ContainsAny(body, `\*%`)) {
				continue
			}
			if ours[i] != theirs[i] {
				t.Errorf("%q:\nours   %q\ntheirs %q", body, ours, theirs)
			}
		}
	})
}

// What mime/multipart writes, we read.
func FuzzReader_ReadsTheStandardWriter(f *testing.F) {
	f.Add("a", "b.txt", "content", "x")
	f.Add(`a"\`, `"b";.txt`, "\r\n--", "\n")
	f.Fuzz(func(t *testing.T, name, fileName, content, value string) {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		if w.WriteField("first", value) != nil {
			return
		}
		p, err := w.CreateFormFile(name, fileName)
		if err != nil {
			return
		}
		io.WriteString(p, content)
		w.Close()
		form, err := formdata.Read(&body, formHeader(w.FormDataContentType()), formdata.Options{})
		if err != nil {
			plain := func(s string) bool {
				return s != "" && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 })
			}
			if plain(name) && plain(fileName) && !strings.ContainsAny(fileName, `./\`) {
				t.Errorf("%q %q: %v", name, fileName, err)
			}
			return
		}
		defer form.Close()
		if got := form.Values.Get("first"); got != value {
			t.Errorf("%q, want %q", got, value)
		}
		for got, files := range form.Files {
			b, err := files[0].Body()
			if string(b) != content || err != nil || !strings.ContainsAny(name, "%\r\n") && got != name {
				t.Errorf("%q as %q: %q, %v", name, got, b, err)
			}
		}
	})
}
