//go:build unix

package stream_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"eddy/async"
	"eddy/loop"
	"eddy/stream"
)

// filing returns a running loop whose poller can wait for files.
func filing(t *testing.T) *loop.Loop {
	t.Helper()
	if os.Getenv("EDDY_POLLER") == "net" {
		t.Skip("the net poller cannot wait for files")
	}
	return running(t)
}

// pipe returns the streams of a pipe's two ends.
func pipe(t *testing.T, l *loop.Loop) (r, w *stream.Stream) {
	t.Helper()
	rf, wf, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	return fromFile(t, l, rf), fromFile(t, l, wf)
}

func fromFile(t *testing.T, l *loop.Loop, f *os.File) (s *stream.Stream) {
	t.Helper()
	if err := l.Do(t.Context(), func(context.Context) (err error) {
		s, err = stream.FromFile(l, f)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

// do runs f on the loop.
func do(l *loop.Loop, f func()) {
	l.Do(context.Background(), func(context.Context) error { f(); return nil })
}

func TestFromFile_PipeHasOneDirection(t *testing.T) {
	l := filing(t)
	ctx := t.Context()
	r, w := pipe(t, l)
	want := strings.Repeat("0123456789", 50_000) // more than a pipe holds
	sent := async.Go(ctx, func(ctx context.Context) (int, error) {
		return w.Writer(ctx).Write([]byte(want))
	})
	p := make([]byte, len(want))
	if _, err := r.ReadFull(ctx, p); string(p) != want || err != nil {
		t.Errorf("%v", err)
	}
	if _, err := sent.Wait(ctx); err != nil {
		t.Error(err)
	}
	// The wrong way round is an answer and no failure.
	if _, err := w.ReadBytes(ctx, 1); err != io.EOF {
		t.Errorf("read from the end that writes: %v", err)
	}
	if err := r.Write(ctx, []byte("x")); err != stream.ErrClosed {
		t.Errorf("write to the end that reads: %v", err)
	}
	do(l, func() {
		if _, err := r.WriteFuture(nil); err != stream.ErrClosed || r.Closed() || w.Closed() {
			t.Errorf("%v, closed %v and %v", err, r.Closed(), w.Closed())
		}
		w.SendBytes([]byte("last"))
		w.CloseWrite() // all that there is to close
	})
	if p, err := r.ReadUntilClose(ctx, 0); string(p) != "last" || err != nil {
		t.Errorf("the rest: %q, %v", p, err)
	}
	if _, err := r.ReadBytes(ctx, 1); err != io.EOF {
		t.Errorf("behind the end: %v", err)
	}
	do(l, func() {
		if !w.Closed() || w.Err() != nil {
			t.Errorf("CloseWrite left a pipe open: %v", w.Err())
		}
		r.CloseNow()
	})
}

// The last writer goes while nobody reads: what it left is there, and its descriptor is
// given back, without a turn after another until somebody reads.
func TestFromFile_WriterGone(t *testing.T) {
	l := filing(t)
	for _, left := range []int{0, 1, 60_000} {
		r, w := pipe(t, l)
		closed := make(chan error, 1)
		do(l, func() {
			r.OnClose(func(err error) { closed <- err })
			w.SendBytes(make([]byte, left))
			w.Close()
		})
		if err := <-closed; err != nil {
			t.Errorf("closed with %v", err)
		}
		if err := r.WaitHangup(t.Context()); err != nil {
			t.Errorf("WaitHangup: %v", err)
		}
		p, err := r.ReadUntilClose(t.Context(), 0)
		if len(p) != left || err != nil {
			t.Errorf("%d bytes of %d, %v", len(p), left, err)
		}
		if _, err := r.Read(t.Context(), make([]byte, 1)); err != io.EOF {
			t.Errorf("behind the end: %v", err)
		}
	}
	do(l, func() {
		if n := l.Descriptors(); n != 0 {
			t.Errorf("%d descriptors are left", n)
		}
	})
}

func TestFromFile_ReaderGone(t *testing.T) {
	l := filing(t)
	for name, before := range map[string]func(w *stream.Stream){
		"idle":    func(w *stream.Stream) {},
		"writing": func(w *stream.Stream) { w.SendBytes(make([]byte, 1<<20)) },
	} {
		r, w := pipe(t, l)
		closed := make(chan error, 1)
		do(l, func() {
			w.OnClose(func(err error) { closed <- err })
			before(w)
			r.CloseNow()
		})
		if err := <-closed; err != syscall.EPIPE || !stream.Quiet(err) {
			t.Errorf("%s: closed with %v, want EPIPE", name, err)
		}
		if err := w.Write(t.Context(), []byte("x")); !errors.Is(err, syscall.EPIPE) || !errors.Is(err, stream.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFromFile_OtherKinds(t *testing.T) {
	l := filing(t)
	open := func(name string, err error) *os.File {
		f, e := os.OpenFile(name, os.O_RDWR, 0)
		if err := errors.Join(err, e); err != nil {
			t.Fatal(err)
		}
		return f
	}
	plain := filepath.Join(t.TempDir(), "plain")
	folder, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	closed := open(plain, os.WriteFile(plain, nil, 0o600))
	closed.Close()
	for want, f := range map[string]*os.File{
		"a regular file or directory is always ready": open(plain, nil),
		"a regular file or directory":                 folder,
		"file already closed":                         closed,
	} {
		do(l, func() {
			s, err := stream.FromFile(l, f)
			if s != nil || err == nil || !strings.HasPrefix(err.Error(), "stream: "+f.Name()) || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want: %s", err, want)
			}
		})
		if err := f.Close(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("the file was left open: %v", err)
		}
	}

	// A named pipe, opened for both, has no end of its own.
	fifo := filepath.Join(t.TempDir(), "fifo")
	s := fromFile(t, l, open(fifo, exec.Command("mkfifo", fifo).Run()))
	if err := s.Write(t.Context(), []byte("to itself")); err != nil {
		t.Error(err)
	}
	if p, err := s.ReadBytes(t.Context(), 9); string(p) != "to itself" || err != nil {
		t.Errorf("%q, %v", p, err)
	}
	do(l, s.CloseNow)
}

func TestFromFile_NeedsAPollerForFiles(t *testing.T) {
	t.Setenv("EDDY_POLLER", "net")
	l := running(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	do(l, func() {
		if _, err := stream.FromFile(l, r); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%v", err)
		}
	})
	if err := r.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the file was left open: %v", err)
	}
}

// A child process's three streams, none of which may block another: it is asked for more
// than any pipe holds before anything is read.
func TestFromFile_ChildProcess(t *testing.T) {
	l := filing(t)
	ctx := t.Context()
	cmd := exec.Command("sh", "-c", `cat; echo done >&2`)
	files := make([]*os.File, 3)
	theirs := make([]*os.File, 3)
	for i := range files {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		if files[i], theirs[i] = r, w; i == 0 {
			files[i], theirs[i] = w, r
		}
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs[0], theirs[1], theirs[2]
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	for _, f := range theirs {
		f.Close()
	}
	in, out, errs := fromFile(t, l, files[0]), fromFile(t, l, files[1]), fromFile(t, l, files[2])
	want := []byte(strings.Repeat("line\n", 100_000))
	do(l, func() { in.SendBytes(want); in.Close() })
	said := async.Go(ctx, func(ctx context.Context) ([]byte, error) { return errs.ReadUntilClose(ctx, 0) })
	got, err := out.ReadUntilClose(ctx, 0)
	if !slices.Equal(got, want) || err != nil {
		t.Errorf("%d bytes of %d, %v", len(got), len(want), err)
	}
	if p, err := said.Wait(ctx); string(p) != "done\n" || err != nil {
		t.Errorf("%q, %v", p, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
