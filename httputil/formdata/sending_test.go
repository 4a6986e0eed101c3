package formdata_test

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"

	"eddy/httputil/formdata"
)

// countedFile tells how much was read of it, and its file system that it is closed.
type countedFile struct {
	fs.File
	read   int
	closed *int
}

func (c *countedFile) Read(p []byte) (int, error) {
	n, err := c.File.Read(p)
	c.read += n
	return n, err
}

func (c *countedFile) Close() error {
	*c.closed++
	return c.File.Close()
}

// watched is a file system that counts.
type watched struct {
	fs.FS
	opened []*countedFile
	closed int
}

func (w *watched) Open(name string) (fs.File, error) {
	f, err := w.FS.Open(name)
	if err != nil {
		return nil, err
	}
	c := &countedFile{File: f, closed: &w.closed}
	w.opened = append(w.opened, c)
	return c, nil
}

// Stat keeps fs.Stat from opening files.
func (w *watched) Stat(name string) (fs.FileInfo, error) { return fs.Stat(w.FS, name) }

func twoFiles(t *testing.T) (*formdata.Builder, *watched) {
	t.Helper()
	w := &watched{FS: fstest.MapFS{"a": {Data: []byte("aaaaaaaa")}, "b": {Data: []byte("bbbbbbbb")}}}
	b := formdata.NewBuilder()
	for _, name := range []string{"a", "b"} {
		c, err := formdata.FromFS(w, name)
		noError(t, err)
		noError(t, b.File("f", name, "", c))
	}
	return b, w
}

func TestReader_ReadsNothingAhead(t *testing.T) {
	b, w := twoFiles(t)
	r, err := b.Reader()
	noError(t, err)
	if len(w.opened) != 0 {
		t.Error("a file is open before anything is read")
	}
	var got []byte
	one := make([]byte, 1)
	for !strings.Contains(string(got), "aaa") {
		n, err := r.Read(one)
		noError(t, err)
		got = append(got, one[:n]...)
	}
	if len(w.opened) != 1 || w.opened[0].read != 3 {
		t.Errorf("%d files are open, and of the first %d bytes were read, want 3", len(w.opened), w.opened[0].read)
	}
	for !strings.Contains(string(got), "bbb") {
		n, err := r.Read(one)
		noError(t, err)
		got = append(got, one[:n]...)
		if len(w.opened)-w.closed > 1 {
			t.Fatal("two files are open at once")
		}
	}
	noError(t, r.Close())
	if len(w.opened) != 2 || w.closed != 2 {
		t.Errorf("%d files were opened, %d closed", len(w.opened), w.closed)
	}
	if n, err := r.Read(one); n != 0 || err == nil || err == io.EOF {
		t.Errorf("a read behind Close: %d, %v", n, err)
	}
}

func TestReader_ClosesFilesAtTheEnd(t *testing.T) {
	b, w := twoFiles(t)
	body(t, b)
	if len(w.opened) != 2 || w.closed != 2 {
		t.Errorf("%d files were opened, %d closed", len(w.opened), w.closed)
	}
}

func TestReader_Replay(t *testing.T) {
	b := build(t)
	if !b.Replayable() {
		t.Fatal("it cannot be sent again")
	}
	one, err := b.Reader()
	noError(t, err)
	half := make([]byte, 1000)
	_, err = io.ReadFull(one, half)
	noError(t, err)
	want := body(t, b) // while the first one is in the middle
	rest, err := io.ReadAll(one)
	if err != nil || string(half)+string(rest) != want {
		t.Errorf("two readers read differently, %v", err)
	}
	noError(t, b.Field("more", "x"))
	if got, err := io.ReadAll(one); err != nil || len(got) > 0 {
		t.Errorf("a reader gets what was added later: %q, %v", got, err)
	}
}

func TestReader_Once(t *testing.T) {
	c := formdata.FromReader(strings.NewReader("content"))
	b := formdata.NewBuilder()
	noError(t, b.File("f", "f", "", c))
	if b.Replayable() {
		t.Error("it can be sent again")
	}
	if got := body(t, b); !strings.Contains(got, "content") {
		t.Error(got)
	}
	if _, err := b.Reader(); err != formdata.ErrUsed {
		t.Errorf("a second time: %v", err)
	}
	other := formdata.NewBuilder()
	noError(t, other.File("f", "f", "", c))
	if _, err := other.Reader(); err != formdata.ErrUsed {
		t.Errorf("in another form: %v", err)
	}
	twice, d := formdata.NewBuilder(), formdata.FromReader(strings.NewReader("x"))
	noError(t, twice.File("f", "f", "", d))
	noError(t, twice.File("f", "f", "", d))
	if _, err := twice.Reader(); err != formdata.ErrUsed {
		t.Errorf("twice in one form: %v", err)
	}
}

// closer is a reader that must not be closed.
type closer struct{ io.Reader }

func (closer) Close() error { panic("closed") }

func TestReader_Sources(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		r    io.Reader
		want error
	}{
		"one byte at a time":  {iotest.OneByteReader(strings.NewReader("content")), nil},
		"data with EOF":       {iotest.DataErrReader(strings.NewReader("content")), nil},
		"a closer":            {closer{strings.NewReader("content")}, nil},
		"broken":              {io.MultiReader(strings.NewReader("con"), iotest.ErrReader(broken)), broken},
		"broken at once":      {iotest.ErrReader(broken), broken},
		"that breaks with it": {iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("content"))), iotest.ErrTimeout},
	} {
		b := formdata.NewBuilder()
		noError(t, b.SetBoundary("X"))
		noError(t, b.File("f", "f", "", formdata.FromReader(c.r)))
		r, err := b.Reader()
		noError(t, err)
		got, err := io.ReadAll(r)
		if err != c.want {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if complete := strings.HasSuffix(string(got), "\r\n\r\ncontent\r\n--X--\r\n"); complete != (c.want == nil) {
			t.Errorf("%s: %q", name, got)
		}
		noError(t, r.Close())
	}
}

func TestReader_IsAReader(t *testing.T) {
	b := build(t)
	r, err := b.Reader()
	noError(t, err)
	want := body(t, b)
	if err := iotest.TestReader(r, []byte(want)); err != nil {
		t.Error(err)
	}
	short := formdata.NewBuilder()
	noError(t, short.File("f", "f", "", formdata.FromReaderAt(strings.NewReader("abc"), 4)))
	if err := readError(t, short); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a source shorter than its size: %v", err)
	}
}
