package hardserver

import "strings"

// fields has header fields in many forms (RFC 9110 §5, RFC 9112 §5). A body of known length follows.
func fields() []Case {
	with := func(name, lines string, want Want) Case { return shut("field: "+name, okLength+lines+"\r\nok", want) }
	refused, either := fails(Protocol), ok("ok").or(fails(Protocol))
	return []Case{
		with("empty value", "A:\r\nB: \r\n", ok("ok")),
		with("no space behind the colon", "A:b\r\n", ok("ok")),
		with("colons in the value", "A: b:c::d\r\n", ok("ok")),
		with("8-bit value", "A: \xe9t\xc3\xa9\r\n", ok("ok")),
		with("every character of a token", "!#$%&'*+-.^_`|~09azAZ: b\r\n", ok("ok")),
		with("many of one name", strings.Repeat("A: b\r\n", 100), ok("ok")),
		with("50 KB in 50 fields", strings.Repeat("A: "+strings.Repeat("x", 995)+"\r\n", 50), ok("ok")),
		with("folded", "A: b\r\n c\r\n\td\r\n", either),
		with("folded with nothing", "A: b\r\n \r\n", either),
		with("no colon", "Nonsense\r\n", either),
		with("space before the colon", "A : b\r\n", either),
		with("space in the name", "A b: c\r\n", either),
		with("empty name", ": b\r\n", refused.or(ok("ok"))),
		with("8-bit name", "\xc3\xa9: b\r\n", either),
		with("NUL in the value", "A: b\x00c\r\n", either),
		with("NUL in the name", "A\x00: b\r\n", either),
		with("control character in the value", "A: \x01\x7f\r\n", either),
		with("bare CR in the value", "A: b\rc\r\n", either),
		with("bare CR hides a length", "A: b\rContent-Length: 1\r\n", either),
		with("bare LF", "A: b\nB: c\r\n", either),
		with("CR CR LF", "A: b\r\r\n", either),
		shut("field: the first one is folded", ok11+" A: b\r\nContent-Length: 2\r\n\r\nok", refused.or(ok("ok"))),
		shut("field: none at all", ok11+"\r\nok", ok("ok")),
		shut("field: an empty line of LF", okLength+"\nok", either),
		with("line of 1 MB", "A: "+strings.Repeat("x", 1<<20)+"\r\n", fails(TooLarge, Protocol)),
		with("name of 1 MB", strings.Repeat("x", 1<<20)+": a\r\n", fails(TooLarge, Protocol)),
		with("10,000 fields", strings.Repeat("Field: value\r\n", 10000), fails(TooLarge, Protocol)),
		endless("field: endless head", okLength, "Field: value\r\n"),
		endless("field: endless line", okLength+"Field: ", "x"),
		endless("field: endless name", okLength, "x"),
		endless("field: endless fold", okLength+"A: b\r\n", " c\r\n"),
	}
}

// cookies has what a client keeps or throws away, but never stumbles over (RFC 6265 §5.2).
func cookies() []Case {
	with := func(name, lines string) Case { return open("cookie: "+name, okLength+lines+"\r\nok", ok("ok")) }
	return []Case{
		with("no name", "Set-Cookie: =b\r\nSet-Cookie: b\r\nSet-Cookie:\r\nSet-Cookie: ;\r\n"),
		with("broken attributes", "Set-Cookie: a=b; Expires=never; Max-Age=soon; Path; Domain=; SameSite=what; ;;=\r\n"),
		with("another site's domain", "Set-Cookie: a=b; Domain=example.com\r\nSet-Cookie: a=b; Domain=com\r\n"),
		with("8-bit value", "Set-Cookie: a=\xe9\xff; Path=/\r\n"),
		with("quotes and commas", "Set-Cookie: a=\"b, c; d\"; Expires=Thu, 01 Jan 1970 00:00:00 GMT\r\n"),
		with("200 of them", strings.Repeat("Set-Cookie: a=b\r\n", 200)),
		with("20 KB", "Set-Cookie: a="+strings.Repeat("x", 20<<10)+"\r\n"),
	}
}
