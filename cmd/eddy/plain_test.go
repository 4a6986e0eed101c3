package main

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		"Grüße\t1\n":             "Grüße\t1\n",
		"\x1b]0;title\x07":       `\x1b]0;title\a`,
		"\u009b31m":              `\u009b31m`,
		"\x9b31m\xff":            `\x9b31m\xff`,
		"a\rb":                   `a\rb`,
		"\u202ereversed\u2066":   `\u202ereversed\u2066`,
		"%s \\x1b":               "%s \\x1b",
		strings.Repeat("x", 1e5): strings.Repeat("x", 1e5),
	} {
		if got := plain(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// What a server has put into a head does nothing to a terminal, and reaches a file or a pipe as it is.
func TestFetch_HeadsAreHarmlessOnATerminal(t *testing.T) {
	const bad = "\xc2\x9b2J\xe2\x80\xae\xff"
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		io.WriteString(c, "HTTP/1.1 200 "+bad+"\r\nX-A: "+bad+"\r\nContent-Length: 2\r\n\r\nok")
		c.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, c)
	})
	for _, terminal := range []bool{false, true} {
		var out, errs lockedBuffer
		w := outputs(&out, &errs)
		w.terminal = func(io.Writer) bool { return terminal }
		want := bad
		if terminal {
			want = `\u009b2J\u202e\xff`
		}
		code := run(t.Context(), []string{"fetch", "-i", url}, w)
		if text := out.String(); code != exitOK || !strings.HasPrefix(text, "HTTP/1.1 200 "+want+"\n") || !strings.Contains(text, "X-A: "+want+"\n") {
			t.Errorf("terminal %v: code %d, %q, %s", terminal, code, text, errs.String())
		}
	}
}
