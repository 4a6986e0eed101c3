package smuggling

import (
	"fmt"
	"strings"
)

func chunked(body string) string { return request("POST", "Transfer-Encoding: chunked", body) }

// chunks has the chunked coding in every form: the line with the size, the extensions, the
// end of the data, and the last chunk.
func chunks() (cases []Case) {
	size := fmt.Sprintf("%x", len(hidden))
	for _, l := range []line{
		{size, true}, {strings.ToUpper(size), true}, {"000" + size, true}, {size + ";a", true}, {size + ";a=b;c=\"d;e\"", true},
		{"0x" + size, false}, {"0X" + size, false}, {"+" + size, false}, {"-" + size, false}, {" " + size, false}, {"\t" + size, false},
		{size + " ", false}, {size + "\t", false}, {size + " ;a", false}, {size + "; a", false}, {size + ";a ", false}, {size + ";a =b", false},
		{size[:1] + "_" + size[1:], false}, {size[:1] + " " + size[1:], false}, {size + ",", false}, {size + ".0", false},
		{size + ";", false}, {size + ";;a", false}, {size + ";=a", false}, {size + ";a=", false}, {size + ";a=\"", false},
		{size + "\x00", false}, {"\v" + size, false}, {"\xa0" + size, false}, {"\r" + size, false}, {size + "\r", false},
		{"g" + size, false}, {"", false}, {"\"" + size + "\"", false}, {size + "h", false},
		{"100000000000000" + fmt.Sprintf("%02x", len(hidden)), false},
		{"10000000000000" + fmt.Sprintf("%04x", len(hidden)), false},
		{strings.Repeat("0", 300) + size, false},
		{"ffffffffffffffff", false}, {"fffffffffffffffe", false}, {"8000000000000000", false}, {"7fffffffffffffff", false},
	} {
		cases = append(cases, Case{fmt.Sprintf("chunk size %.60q", l.text), chunked(l.text + crlf + hidden + crlf + "0\r\n\r\n"), l.one})
	}
	// Between these two ends of lines stands what the one parser takes for an extension, or
	// for data, and the other for framing.
	for _, end := range []string{"\n", "\r", "\r\r\n", "\n\r\n", "\r\r", "\n\n", "\x00\r\n"} {
		cases = append(cases,
			Case{fmt.Sprintf("the size ends in %q", end), chunked(size + end + hidden + crlf + "0\r\n\r\n"), false},
			Case{fmt.Sprintf("an extension ends in %q", end), chunked(size + ";a" + end + hidden + crlf + "0\r\n\r\n"), false},
			Case{fmt.Sprintf("the data ends in %q", end), chunked(size + crlf + hidden + end + "0\r\n\r\n"), false},
			Case{fmt.Sprintf("the last size ends in %q", end), chunked("1\r\nx\r\n0" + end + crlf + hidden), false},
			Case{fmt.Sprintf("the last chunk ends in %q", end), chunked("1\r\nx\r\n0\r\n" + end + hidden), false},
			Case{fmt.Sprintf("a trailer field ends in %q", end), chunked("1\r\nx\r\n0\r\na: b" + end + "c: d\r\n\r\n" + hidden), false},
		)
	}
	for _, end := range []string{"", " \r\n", "X\r\n"} {
		cases = append(cases,
			Case{fmt.Sprintf("the size ends in %q", end), chunked(size + end + hidden + crlf + "0\r\n\r\n"), false},
			Case{fmt.Sprintf("the data ends in %q", end), chunked(size + crlf + hidden + end + "0\r\n\r\n"), false},
			Case{fmt.Sprintf("the last size ends in %q", end), chunked("1\r\nx\r\n0" + end + crlf + hidden), false},
			Case{fmt.Sprintf("the last chunk ends in %q", end), chunked("1\r\nx\r\n0\r\n" + end + hidden), false},
		)
	}
	within := fmt.Sprintf("%x", len("0\r\n\r\n"+hidden))
	for _, c := range []struct{ name, body string }{
		{"an extension hides a chunk behind LF (TERM.EXT)", "2;\nxx\r\n" + within + crlf + "0\r\n\r\n" + hidden + crlf + "0\r\n\r\n"},
		{"an extension hides a chunk behind LF (EXT.TERM)", within + ";\n\r\n0\r\n\r\n" + hidden + crlf + "0\r\n\r\n"},
		{"an extension hides a chunk behind CR", "2;\rxx\r\n" + within + crlf + "0\r\n\r\n" + hidden + crlf + "0\r\n\r\n"},
		{"quotes go on behind the line", "2;a=\"\r\nxx\r\n0\r\n\r\n" + hidden + "\"\r\n\r\n0\r\n\r\n"},
		{"a chunk spills over its size (SPILL.TERM)", "5\r\nAAAAAXX" + within + crlf + "0\r\n\r\n" + hidden + crlf + "0\r\n\r\n"},
		{"a chunk stays behind its size (TERM.SPILL)", "5\r\nAAA\r\n" + within + crlf + "0\r\n\r\n" + hidden + crlf + "0\r\n\r\n"},
		{"a chunk ends in one byte (ONE.TWO)", "1\r\nx\n0\r\n\r\n" + hidden},
		{"a chunk ends in two other bytes (TWO.ONE)", "1\r\nxXX0\r\n\r\n" + hidden},
		{"the last size has a sign", "1\r\nx\r\n-0\r\n\r\n" + hidden},
		{"the last size has a prefix", "1\r\nx\r\n0x0\r\n\r\n" + hidden},
		{"the last size is a space", "1\r\nx\r\n \r\n\r\n" + hidden},
		{"the body is no chunk at all", hidden},
		{"no line end behind the last chunk", "1\r\nx\r\n0\r\n" + hidden},
	} {
		cases = append(cases, Case{c.name, chunked(c.body), false})
	}
	return append(cases,
		Case{"data that looks like the last chunk", chunked(within + crlf + "0\r\n\r\n" + hidden + crlf + "0\r\n\r\n"), true},
		Case{"the last size has zeros", chunked(size + crlf + hidden + crlf + "0000\r\n\r\n"), true},
		Case{"a quoted extension", chunked(size + ";a=\"\\\"0\"" + crlf + hidden + crlf + "0\r\n\r\n"), true})
}

// trailers has fields that would frame the message anew, and lines that are none.
func trailers() (cases []Case) {
	for _, field := range []string{
		length(len(hidden)), "Content-Length: 0", "Transfer-Encoding: chunked", "Transfer-Encoding: identity", "Host: b",
		"Connection: close", "Connection: keep-alive", "Trailer: a", "TE: trailers", "Upgrade: h2c", "Keep-Alive: timeout=9",
		"Expect: 100-continue", "Content_Length: 3", "a : b", " a: b", "\ta: b", "a", ": b", "a\x00: b", "a: b\x00", "a: b\n c: d",
		"a: b\rc: d", "a: b\r\n c", strings.TrimSuffix(hidden, "\r\nHost: a\r\n\r\n"),
	} {
		cases = append(cases, Case{fmt.Sprintf("trailer %q", field), chunked("1\r\nx\r\n0\r\n" + field + "\r\n\r\n" + hidden), false})
	}
	return append(cases, Case{"trailer that means nothing", chunked(fmt.Sprintf("%x", len(hidden)) + crlf + hidden + "\r\n0\r\nA: b\r\n\r\n"), true})
}
