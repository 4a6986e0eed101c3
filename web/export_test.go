package web

import (
	"testing"
	"time"
)

// StaticVersions returns of how many files the version is remembered.
func StaticVersions(s *StaticFiles) int { return len(s.versions.files) }

// OpenStatic opens a file without a look at what it is.
func OpenStatic(s *StaticFiles, name string) error {
	e := staticEntry{at: s.all()[0], name: name}
	f, err := s.open(&e)
	if err == nil {
		err = f.Close()
	}
	return err
}

// StaticKnown reports whether the version of a file takes no look at its content.
func StaticKnown(s *StaticFiles, name string) bool {
	e, err := s.lookup(name)
	if err != nil {
		return false
	}
	_, known := s.known(e)
	return known
}

// AssumeSettled remembers the version of a file that has changed just now.
func AssumeSettled(t testing.TB, s *StaticFiles, name string) {
	version, err := s.Version(name)
	if err != nil {
		t.Fatal(err)
	}
	e, err := s.lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	s.versions.own(staticKey{e.root, e.name}).last.Store(&stampedTag{stamp: stampOf(e.info), tag: `"` + version + `"`, settled: true})
}

// FillHashers takes all places of those who hash, until they are released.
func FillHashers() (release func()) {
	for range cap(hashers) {
		hashers <- struct{}{}
	}
	return func() {
		for range cap(hashers) {
			<-hashers
		}
	}
}

// SharesHash reports whether a hash that began at one time is for somebody who came at another.
func SharesHash(began, came time.Time) bool {
	var v staticVersion
	v.last.Store(&stampedTag{tag: "x", began: began})
	_, known := v.known(fileStamp{})
	_, shared := v.since(came, fileStamp{})
	return shared && !known
}
