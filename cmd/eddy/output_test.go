package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"eddy/internal/testdir"
)

var discardLog = log.New(io.Discard, "", 0)

func TestOutput_FilesAreWholeOrAsBefore(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cut" {
			w.Header().Set("Content-Length", "10")
		}
		io.WriteString(w, "new")
	})
	dir := testdir.New(t)
	old := filepath.Join(dir, "old")
	if err := os.WriteFile(old, []byte("as before"), 0o600); err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(dir, "fresh")
	read := func(name string) string {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Error(err)
		}
		return string(b)
	}

	if r := command(t, "fetch", "-o", old, "-o", fresh, url+"/cut", url+"/cut"); r.code != exitFailed || r.stdout != "" {
		t.Errorf("%+v", r)
	}
	if got := list(t, dir); !slices.Equal(got, []string{"old"}) || read(old) != "as before" {
		t.Errorf("%q, %q", got, read(old))
	}

	// The body between the two goes to stdout.
	if r := command(t, "fetch", "-o", old, "-o", "-", "-o", fresh, url, url, url); r != (result{exitOK, "new", ""}) {
		t.Errorf("%+v", r)
	}
	if got := list(t, dir); !slices.Equal(got, []string{"fresh", "old"}) || read(old) != "new" || read(fresh) != "new" {
		t.Errorf("%q", got)
	}
	if runtime.GOOS == "windows" {
		return
	}
	if info, err := os.Stat(old); err != nil || info.Mode().Perm() != 0o600 {
		t.Error("the mode of a file that was there is kept:", info.Mode(), err)
	}
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	a, _ := os.Stat(fresh)
	if b, _ := os.Stat(plain); a.Mode() != b.Mode() {
		t.Errorf("a new file has mode %v, by the process's mask it is %v", a.Mode(), b.Mode())
	}
}

func TestOutput_LinksAndDevices(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need rights here")
	}
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "new") })
	dir := testdir.New(t)
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("file", link); err != nil {
		t.Fatal(err)
	}
	if r := command(t, "fetch", "-o", link, "-o", os.DevNull, url, url); r != (result{}) {
		t.Errorf("%+v", r)
	}
	if b, err := os.ReadFile(file); string(b) != "new" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	if to, err := os.Readlink(link); to != "file" || err != nil {
		t.Errorf("%q, %v", to, err)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Error(info.Mode(), err)
	}
	if r := command(t, "fetch", "-o", dir, url); r.code != exitFailed || len(list(t, dir)) != 2 {
		t.Errorf("%+v", r)
	}
}
