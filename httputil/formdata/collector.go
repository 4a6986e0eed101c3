package formdata

import "io"

// A collector takes the parts of a form.
type collector struct {
	o      Options
	create createFunc
	form   *Form
	values int64 // bytes of arguments so far
	memory int64 // bytes of files in memory so far
}

func (c *collector) collect(r *Reader) error {
	for {
		p, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err == nil && p.FileName == "" {
			err = c.value(p)
		} else if err == nil {
			err = c.file(p)
		}
		if err != nil {
			return err
		}
	}
}

func (c *collector) value(p *Part) error {
	c.values += int64(len(p.Name))
	text, whole, err := readUpTo(p, c.o.Values-c.values)
	if err != nil {
		return err
	}
	if !whole {
		return errValues
	}
	c.values += int64(len(text))
	c.form.Values.Add(p.Name, string(text))
	return nil
}

func (c *collector) file(p *Part) error {
	f := &File{Name: p.FileName, ContentType: p.ContentType(), Header: p.Header, form: c.form}
	head, whole, err := readUpTo(p, c.o.Memory-c.memory)
	switch {
	case err != nil:
		return err
	case whole:
		c.memory += int64(len(head))
		f.content, f.Size = head, int64(len(head))
	default:
		if err := c.spool(f, head, p); err != nil {
			return err
		}
	}
	c.form.Files[p.Name] = append(c.form.Files[p.Name], f)
	return nil
}

// spool puts a file into the temporary file: the head that was read of it, and its rest.
func (c *collector) spool(f *File, head []byte, rest *Part) (err error) {
	if c.form.spool == nil {
		if c.form.spool, err = newSpool(c.create, c.o.TempDir); err != nil {
			return err
		}
	}
	s := c.form.spool
	f.spooled, f.offset = true, s.size
	if _, err := s.Write(head); err != nil {
		return err
	}
	if _, err := rest.WriteTo(s); err != nil {
		return err
	}
	f.Size = s.size - f.offset
	return nil
}

// readUpTo reads the content of p, or as much as does not go beyond limit; whole says which.
func readUpTo(p *Part, limit int64) (b []byte, whole bool, err error) {
	for {
		data, err := p.content()
		switch {
		case err == io.EOF:
			return b, limit >= 0, nil
		case err != nil:
			return nil, false, err
		case int64(len(b)+len(data)) > limit:
			return b, false, nil
		}
		b = append(b, data...)
		p.used(len(data))
	}
}
