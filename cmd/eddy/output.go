package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
)

// output is a file under construction. It gets its name when it is whole, and what was there before stays
// until then.
type output struct {
	*os.File
	name string // where it goes; "" if it is written in place, as a device or a pipe is
}

// create begins a file.
func create(name string) (*output, error) {
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
		return &output{File: f}, nil
	}
	mode := fs.FileMode(0)
	if err == nil {
		mode = info.Mode().Perm()
		if name, err = filepath.EvalSymlinks(name); err != nil { // the file is replaced, not the link to it
			return nil, err
		}
	}
	temp := filepath.Join(filepath.Dir(name), ".eddy-"+strconv.FormatUint(rand.Uint64(), 36)+".part")
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		e.Path = name // the other one says nothing to anybody
	}
	if err != nil {
		return nil, err
	}
	o := &output{File: f, name: name}
	if mode != 0 {
		if err := f.Chmod(mode); err != nil {
			o.discard()
			return nil, err
		}
	}
	return o, nil
}

// commit gives the file its name.
func (o *output) commit() error {
	if o.name == "" {
		return o.Close()
	}
	if err := o.Close(); err != nil {
		os.Remove(o.Name())
		return err
	}
	if err := os.Rename(o.Name(), o.name); err != nil {
		os.Remove(o.Name())
		return fmt.Errorf("giving the file its name: %w", err)
	}
	return nil
}

// discard leaves nothing of the file.
func (o *output) discard() {
	o.Close()
	if o.name != "" {
		os.Remove(o.Name())
	}
}
