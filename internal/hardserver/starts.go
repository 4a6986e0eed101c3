package hardserver

import (
	"fmt"
	"strings"
)

// headCuts ends the connection inside a head.
func headCuts() []Case {
	const head = okLength + "\r\n"
	var cases []Case
	for _, i := range []int{1, 4, 5, 8, 9, 12, 13, 15, 16, 17, 24, 32, 33, 34, 35, 36, 37} {
		cases = append(cases, shut(fmt.Sprintf("head: cut after %d bytes", i), head[:i], fails(Cut, Protocol, Closed)))
	}
	return append(cases, shut("head: none", "", fails(Closed, Cut)))
}

// statusLines has status lines in many forms (RFC 9112 §4, §2.3). All of them stand before a body of
// known length.
func statusLines() []Case {
	const rest = "\r\nContent-Length: 2\r\n\r\nok"
	refused, either := fails(Protocol), ok("ok").or(fails(Protocol))
	line := func(name, line string, want Want) Case { return shut("status line: "+name, line+rest, want) }
	cases := []Case{
		line("no reason", "HTTP/1.1 200 ", ok("ok")),
		line("no reason, and no space", "HTTP/1.1 200", either),
		line("long reason", "HTTP/1.1 200 "+strings.Repeat("very ", 200)+"fine", ok("ok")),
		line("8-bit reason", "HTTP/1.1 200 \xe9t\xc3\xa9", ok("ok")),
		line("reason of digits", "HTTP/1.1 200 404 500", ok("ok")),
		line("NUL in the reason", "HTTP/1.1 200 O\x00K", either),
		line("CR in the reason", "HTTP/1.1 200 O\rK", either),
		line("two spaces", "HTTP/1.1  200 OK", either),
		line("tabs", "HTTP/1.1\t200\tOK", either),
		line("status 999", "HTTP/1.1 999 Far", answer(999, "ok").or(refused)),
		line("status 600", "HTTP/1.1 600 Far", answer(600, "ok").or(refused)),
		line("status 299", "HTTP/1.1 299 Unknown", answer(299, "ok")),
		line("status 418", "HTTP/1.1 418 ", answer(418, "ok")),
		line("status 099", "HTTP/1.1 099 Low", refused),
		line("status 000", "HTTP/1.1 000 Low", refused),
		line("HTTP/1.2", "HTTP/1.2 200 OK", either),
		line("HTTP/1.9", "HTTP/1.9 200 OK", either),
		shut("status line: LF alone", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", either),
		shut("status line: LF alone behind it", "HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok", either),
		shut("status line: CR alone behind it", "HTTP/1.1 200 OK\rContent-Length: 2\r\n\r\nok", refused.or(ok("ok"))),
		shut("status line: empty line before it", "\r\n"+okWhole, either),
		shut("status line: space before it", " "+okWhole, either),
		endless("status line: endless", "HTTP/1.1 200 ", "OK"),
		endless("status line: endless empty lines", "", "\r\n"),
		endless("status line: endless digits", "HTTP/1.1 2", "0"),
	}
	for _, l := range []string{
		"HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 -20 OK", "HTTP/1.1 +20 OK", "HTTP/1.1 2O0 OK", "HTTP/1.1 0x0 OK", "HTTP/1.1 OK",
		"HTTP/1.1", "HTTP/2.0 200 OK", "HTTP/3.0 200 OK", "HTTP/0.9 200 OK", "HTTP/1 200 OK", "HTTP/1. 200 OK", "HTTP/.1 200 OK",
		"HTTP/11.1 200 OK", "HTTP/1.11 200 OK", "HTTP/-1.1 200 OK", "http/1.1 200 OK", "HTTTP/1.1 200 OK", "HTTP1.1 200 OK",
		"HTTP /1.1 200 OK", "HTTPS/1.1 200 OK", "ICY 200 OK", "\xef\xbb\xbfHTTP/1.1 200 OK", "200 OK",
	} {
		cases = append(cases, line(fmt.Sprintf("%+q", l), l, refused))
	}
	return cases
}

// strangers speak something else.
func strangers() []Case {
	refused := fails(Protocol)
	return []Case{
		shut("stranger: plain text", "ok\r\n", refused),
		shut("stranger: HTTP/0.9", "<html><body>ok</body></html>\r\n", refused),
		shut("stranger: junk lines before the response", "Warning: line 3\r\n"+okWhole, refused),
		shut("stranger: a request", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", refused),
		shut("stranger: SSH", "SSH-2.0-OpenSSH_9.6\r\n", refused),
		shut("stranger: SMTP", "220 mail ESMTP\r\n500 unknown command\r\n", refused),
		shut("stranger: an alert of TLS", "\x15\x03\x01\x00\x02\x02\x46", refused.or(fails(Cut))),
		shut("stranger: HTTP/2", "\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64", refused.or(fails(Cut))),
		shut("stranger: NULs", strings.Repeat("\x00", 4096), refused.or(fails(Cut))),
		endless("stranger: endless text without a line end", "", "blah"),
	}
}
