package formdata

import (
	"io"
	"net/url"
	"sync/atomic"

	"eddy/httputil"
)

// A Form is a form that was read whole.
type Form struct {
	// Values has the arguments, blank ones too, those of one name in their order. Nothing says that
	// they are UTF-8.
	Values url.Values

	// Files has the uploaded files by the name of their field, those of one name in their order.
	Files map[string][]*File

	spool  *spool // nil if all files are in memory
	closed atomic.Bool
}

// Read reads body, a urlencoded or multipart form with the request's header, to its last boundary.
// The caller closes the form. An error is an [*Error], [ErrNotForm] for other types, or what the
// body's Read failed with; nothing is left behind then.
func Read(body io.Reader, header *httputil.Header, o Options) (*Form, error) {
	return read(body, header, o.filled(), createTemp)
}

func read(body io.Reader, header *httputil.Header, o Options, create createFunc) (*Form, error) {
	kind, boundary, err := formType(header)
	if err != nil {
		return nil, err
	}
	body = &bounded{body, o.Body, errBody}
	if kind == urlencodedType {
		return readURLEncoded(body, o)
	}
	c := collector{o: o, create: create, form: &Form{Values: url.Values{}, Files: map[string][]*File{}}}
	if err := c.collect(newReader(body, boundary, o)); err != nil {
		c.form.Close()
		return nil, err
	}
	return c.form, nil
}

func readURLEncoded(body io.Reader, o Options) (*Form, error) {
	text, err := io.ReadAll(&bounded{body, o.Values, errValues})
	if err != nil {
		return nil, err
	}
	values, err := parseURLEncoded(string(text), o.Arguments)
	if err != nil {
		return nil, err
	}
	return &Form{Values: values}, nil
}

// Close removes the temporary file, and with it what files had in it. Later calls do nothing. In
// package web it is called when the request ends.
func (f *Form) Close() error {
	if f.closed.Swap(true) || f.spool == nil {
		return nil
	}
	return f.spool.close()
}

// bounded fails with beyond once more was read than left.
type bounded struct {
	r      io.Reader
	left   int64
	beyond error
}

func (b *bounded) Read(p []byte) (int, error) {
	// One more byte tells a body that is too long from one that just fits.
	if int64(len(p))-1 > b.left {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		b.left = 0
		return 0, b.beyond
	}
	return n, err
}
