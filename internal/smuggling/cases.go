// Package smuggling has the tricks by which one HTTP/1 request is passed off as two: by
// framing that two parsers read differently, the first seeing a body where the second sees
// a request.
//
// Kind: for tests only. It is shared by the parser's tests and the server's.
package smuggling

import (
	"fmt"
	"strings"
)

// Case is what a client sends: a request for Shown that carries one for Hidden, which must
// not be served by anybody who reads it right.
type Case struct {
	Name string
	Send string
	// One says that it is in order, as exactly one request. Otherwise it is to be refused;
	// the head of the first request may be in order nevertheless.
	One bool
}

// The paths of the two requests.
const (
	Shown  = "/shown"
	Hidden = "/hidden"
)

const (
	crlf   = "\r\n"
	hidden = "GET " + Hidden + " HTTP/1.1\r\nHost: a\r\nA: 123456\r\n\r\n" // its length has a letter in hexadecimal
)

// Cases returns all cases.
func Cases() (all []Case) {
	for _, group := range [][]Case{
		lengths(), codings(), insertions(), chunks(), trailers(), startLines(), hosts(), expectations(),
	} {
		all = append(all, group...)
	}
	return all
}

// request is a request for Shown; lines are header lines with their ends but the last.
func request(method, lines, body string) string {
	return method + " " + Shown + " HTTP/1.1\r\nHost: a\r\n" + lines + crlf + crlf + body
}

func length(n int) string { return fmt.Sprintf("Content-Length: %d", n) }

// inChunk is hidden as the data of one chunk.
var inChunk = fmt.Sprintf("%x", len(hidden)) + crlf + hidden + crlf + "0" + crlf + crlf

// line is a header line, with what becomes of a request that is framed by it.
type line struct {
	text string
	one  bool
}

// lengths has Content-Length in every form, alone and beside a clean one. The second of
// each arrangement is known as 0.CL: a body that nobody expects.
func lengths() (cases []Case) {
	n := len(hidden)
	for _, l := range contentLengths(n) {
		name := fmt.Sprintf("CL %.60q", l.text)
		cases = append(cases,
			Case{name, request("POST", l.text, hidden), l.one},
			Case{name + " on GET", request("GET", l.text, hidden), l.one},
			Case{name + " behind a clean one", request("POST", length(n)+crlf+l.text, hidden), false},
			Case{name + " before a clean one", request("POST", l.text+crlf+length(n), hidden), false},
			Case{name + " before a smaller one", request("POST", l.text+crlf+length(0), hidden), false},
			Case{name + " behind a coding", request("POST", "Transfer-Encoding: chunked"+crlf+l.text, "0\r\n\r\n"+hidden), false},
		)
	}
	return append(cases,
		Case{"CL named by Connection", request("POST", "Connection: content-length\r\n"+length(n), hidden), true},
		Case{"CL in HTTP/1.0", "POST " + Shown + " HTTP/1.0\r\n" + length(n) + "\r\n\r\n" + hidden, true},
	)
}

func contentLengths(n int) []line {
	return []line{
		{fmt.Sprintf("Content-Length: %d", n), true},
		{fmt.Sprintf("cOnTENT-lENGTH:%d", n), true},
		{fmt.Sprintf("Content-Length: \t%d\t ", n), true},
		{fmt.Sprintf("Content-Length: 000%d", n), true},
		{fmt.Sprintf("Content-Length : %d", n), false},
		{fmt.Sprintf("Content-Length\t: %d", n), false},
		{fmt.Sprintf(" Content-Length: %d", n), false},
		{fmt.Sprintf("Content Length: %d", n), false},
		{fmt.Sprintf("Content_Length: %d", n), false},
		{fmt.Sprintf("Content-Length\x00: %d", n), false},
		{fmt.Sprintf("Content-Length;: %d", n), false},
		{fmt.Sprintf("Content-Length: +%d", n), false},
		{fmt.Sprintf("Content-Length: -%d", n), false},
		{fmt.Sprintf("Content-Length: 0x%x", n), false},
		{fmt.Sprintf("Content-Length: %d.0", n), false},
		{fmt.Sprintf("Content-Length: %de0", n), false},
		{fmt.Sprintf("Content-Length: 4_%d", n%10), false},
		{fmt.Sprintf("Content-Length: %d %d", n/10, n%10), false},
		{fmt.Sprintf("Content-Length: %d,", n), false},
		{fmt.Sprintf("Content-Length: ,%d", n), false},
		{fmt.Sprintf("Content-Length: %d, %d", n, n), false},
		{fmt.Sprintf("Content-Length: 0, %d", n), false},
		{fmt.Sprintf("Content-Length: %d;a=b", n), false},
		{fmt.Sprintf("Content-Length: \"%d\"", n), false},
		{fmt.Sprintf("Content-Length: %da", n), false},
		{fmt.Sprintf("Content-Length: \v%d", n), false},
		{fmt.Sprintf("Content-Length: \xa0%d", n), false},
		{fmt.Sprintf("Content-Length: %d\x00", n), false},
		{"Content-Length: \uff14\uff14", false},
		{fmt.Sprintf("Content-Length:\r\n %d", n), false},
		{fmt.Sprintf("Content-Length:\n%d", n), false},
		{fmt.Sprintf("Content-Length: %d\r", n), false},
		{fmt.Sprintf("A: b\nContent-Length: %d", n), false},
		{fmt.Sprintf("A: b\rContent-Length: %d", n), false},
		{"Content-Length:", false},
		{"Content-Length: 18446744073709551616", false},
		{"Content-Length: 9223372036854775808", false},
		{"Content-Length: " + strings.Repeat("9", 400), false},
	}
}

// codings has Transfer-Encoding in every form: alone, with a length that covers a body of
// another coding (CL.TE), with one that covers a part of the chunk (TE.CL), and beside a
// clean one (TE.TE).
func codings() (cases []Case) {
	clte := "0\r\n\r\n" + hidden
	for _, l := range transferEncodings {
		name := fmt.Sprintf("TE %q", l.text)
		cases = append(cases,
			Case{name, request("POST", l.text, inChunk), l.one},
			Case{name + " on GET", request("GET", l.text, inChunk), l.one},
			Case{name + ", CL.TE", request("POST", length(len(clte))+crlf+l.text, clte), false},
			Case{name + ", CL.TE the other way round", request("POST", l.text+crlf+length(len(clte)), clte), false},
			Case{name + ", TE.CL", request("POST", length(4)+crlf+l.text, inChunk), false},
			Case{name + ", TE.TE", request("POST", "Transfer-Encoding: chunked"+crlf+l.text, clte), false},
			Case{name + ", TE.TE the other way round", request("POST", l.text+crlf+"Transfer-Encoding: chunked", clte), false},
			Case{name + " in HTTP/1.0", "POST " + Shown + " HTTP/1.0\r\nConnection: keep-alive\r\n" + l.text + "\r\n\r\n" + inChunk, false},
		)
	}
	// Names that resemble it only are fields as any other.
	for _, other := range []string{
		"Transfer-Encodin: chunked", "TransferEncoding: chunked", "X-Transfer-Encoding: chunked", "Content-Encoding: chunked",
		"Transfer-Encoding-: chunked", "Transfer--Encoding: chunked", "TE: chunked", "A: Transfer-Encoding: chunked",
	} {
		cases = append(cases, Case{fmt.Sprintf("CL beside %q", other), request("POST", length(len(clte))+crlf+other, clte), true})
	}
	return cases
}

var transferEncodings = []line{
	{"Transfer-Encoding: chunked", true},
	{"tRANSFER-eNCODING:cHUNKED", true},
	{"Transfer-Encoding:\t chunked \t", true},
	{"Transfer-Encoding : chunked", false},
	{"Transfer-Encoding\t: chunked", false},
	{" Transfer-Encoding: chunked", false},
	{"\tTransfer-Encoding: chunked", false},
	{"Transfer Encoding: chunked", false},
	{"Transfer_Encoding: chunked", false},
	{"Transfer-Encoding\x00: chunked", false},
	{"Transfer\xadEncoding: chunked", false},
	{"Transfer-Encoding\r\n: chunked", false},
	{"Transfer-Encoding chunked", false},
	{"Transfer-Encoding", false},
	{"Transfer-Encoding:", false},
	{"Transfer-Encoding: ,", false},
	{"Transfer-Encoding: \vchunked", false},
	{"Transfer-Encoding: \fchunked", false},
	{"Transfer-Encoding: \x00chunked", false},
	{"Transfer-Encoding: chunked\x00", false},
	{"Transfer-Encoding: \xa0chunked", false},
	{"Transfer-Encoding: \u2028chunked", false},
	{"Transfer-Encoding: ch\u00f9nked", false},
	{"Transfer-Encoding: chun\u212aed", false},
	{"Transfer-Encoding: \"chunked\"", false},
	{"Transfer-Encoding: 'chunked'", false},
	{"Transfer-Encoding: chunk", false},
	{"Transfer-Encoding: chunkedx", false},
	{"Transfer-Encoding: xchunked", false},
	{"Transfer-Encoding: x chunked", false},
	{"Transfer-Encoding: chunked x", false},
	{"Transfer-Encoding: chunked;a=b", false},
	{"Transfer-Encoding: chunked, identity", false},
	{"Transfer-Encoding: identity, chunked", false},
	{"Transfer-Encoding: identity", false},
	{"Transfer-Encoding: gzip, chunked", false},
	{"Transfer-Encoding: chunked, gzip", false},
	{"Transfer-Encoding: chunked, chunked", false},
	{"Transfer-Encoding: chunked,", false},
	{"Transfer-Encoding: ,chunked", false},
	{"Transfer-Encoding:\r\n chunked", false},
	{"Transfer-Encoding:\n chunked", false},
	{"Transfer-Encoding: chunked\r", false},
	{"Transfer-Encoding: chunked\r\r", false},
	{"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", false},
	{"Transfer-Encoding: chunked\r\nTransfer-Encoding: x", false},
	{"A: b\nTransfer-Encoding: chunked", false},
	{"A: b\rTransfer-Encoding: chunked", false},
	{"A: b\r\n Transfer-Encoding: chunked", false},
	{"A: b\r\n\rTransfer-Encoding: chunked", false},
	{"A: b\x00Transfer-Encoding: chunked", false},
	{"\rTransfer-Encoding: chunked", false},
	{"\nTransfer-Encoding: chunked", false},
	{"\x00Transfer-Encoding: chunked", false},
}

// insertions puts every byte that may not stand there into every place of both lines.
func insertions() (cases []Case) {
	clean := []string{length(len(hidden)), "Transfer-Encoding: chunked"}
	body := []string{hidden, inChunk}
	for which, text := range clean {
		colon := strings.IndexByte(text, ':')
		for at := range len(text) + 1 {
			for _, c := range []byte("\x00\x01\b\n\v\f\r\x1f\x7f\x85\xa0") {
				cases = append(cases, insertion(text, body[which], at, c))
			}
			if at <= colon {
				for _, c := range []byte(" \t,;\"(/@{") {
					cases = append(cases, insertion(text, body[which], at, c))
				}
			}
		}
	}
	return cases
}

func insertion(text, body string, at int, c byte) Case {
	mutant := text[:at] + string([]byte{c}) + text[at:]
	return Case{fmt.Sprintf("inserted: %q", mutant), request("POST", mutant, body), false}
}
