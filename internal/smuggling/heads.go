package smuggling

import "fmt"

// startLines has request lines that parsers take apart in different places.
func startLines() (cases []Case) {
	rest := crlf + "Host: a\r\n" + length(len(hidden)) + "\r\n\r\n" + hidden
	for _, l := range []line{
		{"POST " + Shown + " HTTP/1.1", true},
		{"\r\n\r\nPOST " + Shown + " HTTP/1.1", true},
		{"GET " + Shown + " HTTP/1.1", true},
		{"FOO " + Shown + " HTTP/1.1", true},
		{"POST " + Shown + "?a=b#c HTTP/1.1", true},
		{"POST http://a" + Shown + " HTTP/1.1", true},
		{"POST http://other" + Shown + " HTTP/1.1", true},
		{"POST " + Shown + " HTTP/1.2", true},
		{" POST " + Shown + " HTTP/1.1", false},
		{"\tPOST " + Shown + " HTTP/1.1", false},
		{"\nPOST " + Shown + " HTTP/1.1", false},
		{"\rPOST " + Shown + " HTTP/1.1", false},
		{"\x00POST " + Shown + " HTTP/1.1", false},
		{"POST\t" + Shown + " HTTP/1.1", false},
		{"POST " + Shown + "\tHTTP/1.1", false},
		{"POST\v" + Shown + " HTTP/1.1", false},
		{"POST  " + Shown + " HTTP/1.1", false},
		{"POST " + Shown + "  HTTP/1.1", false},
		{"POST " + Shown + " HTTP/1.1 ", false},
		{"POST " + Shown + " HTTP/1.1\t", false},
		{"POST " + Shown + " HTTP/1.1 HTTP/1.1", false},
		{"POST " + Shown + " x HTTP/1.1", false},
		{"POST " + Shown, false},
		{"POST " + Shown + " ", false},
		{"POST " + Shown + " HTTP/0.9", false},
		{"POST " + Shown + " http/1.1", false},
		{"POST " + Shown + " HTTP/1.10", false},
		{"POST " + Shown + " HTTP/01.1", false},
		{"POST " + Shown + " HTTP/+1.1", false},
		{"POST " + Shown + " HTTP/1.1\x00", false},
		{"POST " + Shown + " HTTP/1,1", false},
		{"POST " + Shown + " HTTP/1 .1", false},
		{"POST " + Shown + " HTTP/1.", false},
		{"POST " + Shown + " HTTP/2.0", false},
		{"POST " + Shown + " HTTP/1.1\r\n A: b", false},
		{"POST " + Shown + " HTTP/1.1\r\r\n", false},
		{"POST " + Shown + " HTTP/1.1\n", false},
		{"POST " + Shown + "\r HTTP/1.1", false},
		{"POST " + Shown + "\x00 HTTP/1.1", false},
		{"POST " + Shown + "\xc3\xa9 HTTP/1.1", false},
		{"POST: " + Shown + " HTTP/1.1", false},
		{"PO ST " + Shown + " HTTP/1.1", false},
		{"POST, " + Shown + " HTTP/1.1", false},
		{"P\x00ST " + Shown + " HTTP/1.1", false},
		{"\"POST\" " + Shown + " HTTP/1.1", false},
		{"POST shown HTTP/1.1", false},
		{"POST \\shown HTTP/1.1", false},
		{"POST //a@b:c\x7f/ HTTP/1.1", false},
		{"POST http:" + Shown + " HTTP/1.1", false},
		{"POST http:// HTTP/1.1", false},
		{"POST http://a,b" + Shown + " HTTP/1.1", false},
		{"POST http://a b" + Shown + " HTTP/1.1", false},
		{"POST gopher://a" + Shown + " HTTP/1.1", false},
		{"POST * HTTP/1.1", false},
		{"CONNECT " + Shown + " HTTP/1.1", false},
	} {
		cases = append(cases, Case{fmt.Sprintf("start line %q", l.text), l.text + rest, l.one})
	}
	return append(cases,
		Case{"a request of HTTP/0.9 before", "GET " + Shown + "\r\n" + hidden, false},
		Case{"a CONNECT that may be refused", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n" + hidden, true})
}

// hosts has what makes two parsers route one request to two places.
func hosts() (cases []Case) {
	for _, l := range []line{
		{"Host: a", true}, {"Host: a:80", true}, {"Host:", true}, {"Host: [::1]:80", true}, {"hOST: \t a\t", true},
		{"Host: a\r\nHost: b", false}, {"Host: a\r\nHost: a", false}, {"Host: a\r\nhost: a", false}, {"Host:\r\nHost: a", false},
		{"Host: a, b", false}, {"Host: a b", false}, {"Host: a\tb", false}, {"Host: a@b", false}, {"Host: u:p@a", false},
		{"Host: a/b", false}, {"Host: a?b", false}, {"Host: a#b", false}, {"Host: a\\b", false}, {"Host: a:80:90", true},
		{"Host: h:80:90", false}, {"Host: h:x", false}, {"Host: h:+80", false}, {"Host: :80", false}, {"Host: [::1", false}, {"Host: ::1]", false},
		{"Host: [::1]x", false}, {"Host: [a]b]", false}, {"Host: []", false}, {"Host: http://a", false}, {"Host: a\x00", false}, {"Host: a\x00.b", false},
		{"Host: \xa0a", false}, {"Host: a\u3002b", false}, {"Host : a", false}, {" Host: a", false}, {"\tHost: a", false}, {"Host\x00: a", false},
		{"A: b\r\n Host: a", false}, {"Host: a\r\n b", false}, {"Host: a\rHost: b", false}, {"Host: a\nHost: b", false}, {"A: b", false},
		{"Host", false}, {"Host a", false}, {"Host: \"a\"", false}, {"Host: <a>", false},
	} {
		cases = append(cases, Case{fmt.Sprintf("host %q", l.text), "POST " + Shown + " HTTP/1.1\r\n" + l.text + crlf + length(len(hidden)) + "\r\n\r\n" + hidden, l.one})
	}
	return append(cases, Case{"absolute-form without Host", "POST http://a" + Shown + " HTTP/1.1\r\n" + length(len(hidden)) + "\r\n\r\n" + hidden, false})
}

// expectations has what makes a proxy wait for a body, or not, that the server does not
// wait for, or does.
func expectations() (cases []Case) {
	for _, l := range []line{
		{"Expect: 100-continue", true}, {"Expect: 100-Continue", true}, {"expect:100-continue", true}, {"Expect:", true},
		{"Expect: y 100-continue", true}, {"Expect: 100-continue, x", true}, {"Expect: 100-continue\r\nExpect: x", true},
		{"Expect: 100-continue;q=1", true}, {"Expect: x=\"100-continue\"", true}, {"Expect: 200-ok", true}, {"Expect: \xa0100-continue", true},
		{"X-Expect: 100-continue", true},
		{"Expect : 100-continue", false}, {" Expect: 100-continue", false}, {"Expect: \n100-continue", false}, {"Expect:\r\n 100-continue", false},
		{"Expect\x00: 100-continue", false}, {"Expect: 100-continue\x00", false}, {"Expect: 100-continue\r", false}, {"Expect: \v100-continue", false},
	} {
		for _, method := range []string{"POST", "GET", "OPTIONS"} {
			cases = append(cases, Case{fmt.Sprintf("%s with %q", method, l.text), request(method, l.text+crlf+length(len(hidden)), hidden), l.one})
		}
		cases = append(cases, Case{fmt.Sprintf("%q before chunks", l.text), request("POST", l.text+crlf+"Transfer-Encoding: chunked", inChunk), l.one})
	}
	return cases
}
