package web

import (
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxStaticHash is the longest file whose content is hashed, if it has a time.
	maxStaticHash = 8 << 20
	// maxStaticVersions is of how many files the version is remembered.
	maxStaticVersions = 4096
	// hashTries is how often a file is hashed that changes meanwhile.
	hashTries = 3
)

// A StaticVersioner is a file system that knows the versions of its files, in place of a hash of
// their content: a string that changes whenever they do, of letters, digits and what else may stand
// in an entity tag. "" means that a file has none; then it has no entity tag either.
//
// It is asked for each request, with what Stat of the file has returned.
type StaticVersioner interface {
	StaticVersion(name string, info fs.FileInfo) (string, error)
}

// staticVersions has the entity tags of files. The zero value is ready.
type staticVersions struct {
	mu    sync.RWMutex
	files map[staticKey]*staticVersion
}

type staticKey struct {
	root int
	name string
}

// A staticVersion is that of one file.
type staticVersion struct {
	last atomic.Pointer[stampedTag]
	mu   sync.Mutex // held while the file is hashed
}

type stampedTag struct {
	stamp   fileStamp
	tag     string
	began   time.Time // when the file was read for it
	settled bool      // it holds as long as the stamp does
}

func (v *staticVersion) known(stamp fileStamp) (string, bool) {
	if last := v.last.Load(); last != nil && last.settled && last.stamp == stamp {
		return last.tag, true
	}
	return "", false
}

// since returns the tag if it is known, or was made for somebody else after the caller had come.
func (v *staticVersion) since(came time.Time, stamp fileStamp) (string, bool) {
	if last := v.last.Load(); last != nil && last.stamp == stamp && (last.settled || last.began.After(came)) {
		return last.tag, true
	}
	return "", false
}

func (c *staticVersions) find(key staticKey) *staticVersion {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.files[key]
}

// own returns the place for a file's version. If there are too many, any other makes room.
func (c *staticVersions) own(key staticKey) *staticVersion {
	if v := c.find(key); v != nil {
		return v
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if v := c.files[key]; v != nil {
		return v
	}
	if c.files == nil {
		c.files = make(map[staticKey]*staticVersion)
	}
	for other := range c.files {
		if len(c.files) < maxStaticVersions {
			break
		}
		delete(c.files, other)
	}
	v := new(staticVersion)
	c.files[key] = v
	return v
}

// known returns a file's entity tag if that takes no look at its content.
func (s *StaticFiles) known(e staticEntry) (tag string, ok bool) {
	if _, own := e.versioner(); own {
		return "", false
	}
	stamp := stampOf(e.info)
	if stamp.isCheap() {
		return stamp.tag(time.Now()), true
	}
	if v := s.versions.find(staticKey{e.root, e.name}); v != nil {
		return v.known(stamp)
	}
	return "", false
}

// tag returns the entity tag of a file that is open, and leaves it at its beginning. If the file changes
// meanwhile, e tells what has become of it.
func (s *StaticFiles) tag(e *staticEntry, f fs.File) (string, error) {
	if by, ok := e.versioner(); ok {
		version, err := by.StaticVersion(e.name, e.info)
		if err != nil {
			return "", err
		}
		return ownTag(version)
	}
	if tag, ok := s.known(*e); ok {
		return tag, nil
	}
	v, came := s.versions.own(staticKey{e.root, e.name}), time.Now()
	v.mu.Lock() // one at a time: the others find the result
	defer v.mu.Unlock()
	if tag, ok := v.since(came, stampOf(e.info)); ok {
		return tag, nil
	}
	began := time.Now()
	tag, err := e.hash(f)
	if err == nil && !isWeak(tag) {
		stamp := stampOf(e.info)
		v.last.Store(&stampedTag{stamp, tag, began, stamp.settled(began)})
	}
	return tag, err
}

func (e *staticEntry) versioner() (StaticVersioner, bool) {
	if other, ok := e.at.(staticFS); ok {
		by, ok := other.FS.(StaticVersioner)
		return by, ok
	}
	return nil, false
}

// hash returns the tag of a file's content, or a weak one if the file does not stay as it is while it
// is read.
func (e *staticEntry) hash(f fs.File) (string, error) {
	from, ok := f.(io.Seeker)
	if !ok {
		other, err := e.at.open(e.name)
		if err != nil {
			return "", err
		}
		defer other.Close()
		f = other
	}
	sum := politeHash{sha512.New()}
	for range hashTries {
		before := stampOf(e.info)
		n, err := io.Copy(sum, io.LimitReader(f, before.size+1))
		if err != nil {
			return "", err
		}
		info, err := f.Stat()
		if err != nil {
			return "", err
		}
		if ok {
			_, err = from.Seek(0, io.SeekStart)
			e.info = info
		}
		if err != nil {
			return "", err
		}
		if n == before.size && stampOf(info) == before {
			return `"` + hex.EncodeToString(sum.Sum(nil)) + `"`, nil
		}
		if !ok {
			break
		}
		sum.Reset()
	}
	return "W/" + stampOf(e.info).quoted(), nil
}

// isCheap reports whether a file's version is made of its size and times.
func (s fileStamp) isCheap() bool { return s.size > maxStaticHash && s.modified|s.changed != 0 }

// tag returns the entity tag of a file that is not hashed. As long as a further change may not show,
// it is a weak one (RFC 9110 §8.8.1).
func (s fileStamp) tag(now time.Time) string {
	if !s.settled(now) {
		return "W/" + s.quoted()
	}
	return s.quoted()
}

// quoted has the inode's time, too: that of modification may be the same for all builds.
func (s fileStamp) quoted() string {
	b := strconv.AppendInt(append(make([]byte, 0, 56), '"'), s.size, 16)
	b = strconv.AppendInt(append(b, '-'), s.modified, 16)
	if s.changed != 0 {
		b = strconv.AppendInt(append(b, '-'), s.changed, 16)
	}
	return string(append(b, '"'))
}

// ownTag returns the entity tag of a version that is not of this package.
func ownTag(version string) (string, error) {
	for i := 0; i < len(version); i++ {
		if c := version[i]; c <= ' ' || c == '"' || c == 0x7f { // RFC 9110 §8.8.3
			return "", fmt.Errorf("web: %q cannot be the version of a static file", version)
		}
	}
	if version == "" {
		return "", nil
	}
	return `"` + version + `"`, nil
}

// versionOf returns what stands in an entity tag.
func versionOf(tag string) string { return strings.Trim(strings.TrimPrefix(tag, "W/"), `"`) }
