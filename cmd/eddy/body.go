package main

import (
	"io"
	"os"
	"strings"

	"eddy/httpclient"
)

// request returns the request for a URL, and a function to call when it is over.
func (f *fetchFlags) request(url string, stdin io.Reader) (r *httpclient.Request, done func() error, err error) {
	r = &httpclient.Request{
		URL: url, Method: f.method, Header: f.header.Clone(), Proxy: f.proxy,
		AllowNonstandardMethods: f.method != "", // who names one knows it
	}
	done = func() error { return nil }
	if !f.hasData {
		return r, done, nil
	}
	if r.Method == "" {
		r.Method = "POST"
	}
	name, isFile := strings.CutPrefix(f.data, "@")
	switch {
	case !isFile:
		r.Body = []byte(f.data)
	case name == "-":
		r.BodyReader = stdin
	default:
		file, err := os.Open(name)
		if err != nil {
			return nil, nil, err
		}
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
			r.BodyLength = info.Size()
		}
		r.BodyReader, done = file, file.Close
	}
	return r, done, nil
}
