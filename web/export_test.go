package web

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
