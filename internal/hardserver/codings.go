package hardserver

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// zipped returns s under gzip.
func zipped(s string) string { return zippedWith(gzip.Header{}, s) }

func zippedWith(h gzip.Header, s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Header = h
	io.WriteString(w, s)
	w.Close()
	return b.String()
}

func deflated(s string) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.DefaultCompression) // fails only for other levels
	io.WriteString(w, s)
	w.Close()
	return b.String()
}

func inZlib(s string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	io.WriteString(w, s)
	w.Close()
	return b.String()
}

// bomb is 100 MB of zeros, in some 100 KB.
var bomb = sync.OnceValue(func() string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	zeros := make([]byte, 1<<20)
	for range 100 {
		w.Write(zeros)
	}
	w.Close()
	return b.String()
})

// coded returns a response whose body has a content coding.
func coded(coding, body string) string {
	return whole(200, "Content-Encoding: "+coding+"\r\n", body)
}

const text = "a text of some length, which is more than a few bytes, a text of some length"

// codings has bodies under content codings, as they should be (RFC 9110 §8.4). A client that does not know
// a coding may hand the body out as it came.
func codings() []Case {
	raw := func(body string) Want { return ok(body).or(fails(Decode, Protocol)) }
	either := func(decoded, body string) Want { return ok(decoded).or(raw(body)) }
	z := zipped(text)
	twice := zipped(z)
	named := zippedWith(gzip.Header{Name: "a.txt", Comment: "why", Extra: []byte("more")}, text)
	cases := []Case{
		open("gzip: right", coded("gzip", z), ok(text)),
		open("gzip: x-gzip", coded("x-gzip", z), either(text, z)),
		open("gzip: in capitals", coded("GZIP", z), ok(text)),
		open("gzip: in chunks", ok11+"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"+
			fmt.Sprintf("a\r\n%s\r\n", z[:10])+inChunks(z[10:]), ok(text)),
		shut("gzip: to close", ok11+"Content-Encoding: gzip\r\n\r\n"+z, ok(text)),
		open("gzip: name, comment and extra field", coded("gzip", named), ok(text)),
		open("gzip: two members", coded("gzip", zipped(text)+zipped(" and more")), ok(text+" and more")),
		open("gzip: of nothing", coded("gzip", zipped("")), ok("")),
		open("gzip: no body", coded("gzip", ""), ok("").or(fails(Decode))),
		open("gzip: no body, in chunks", ok11+"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			ok("").or(fails(Decode))),
		open("gzip: twice", coded("gzip, gzip", twice), either(text, twice)),
		open("gzip: twice, in two fields", whole(200, "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n", twice), either(text, twice)),
		open("gzip: with identity", coded("gzip, identity", z), either(text, z)),
		open("coding: identity of content", coded("identity", "ok"), ok("ok")),
		open("coding: empty name", coded("", "ok"), raw("ok")),
		open("coding: unknown", coded("unknown", "ok"), raw("ok")),
		open("coding: unknown behind gzip", coded("gzip, unknown", z), raw(z)),
		open("coding: deflate", coded("deflate", inZlib(text)), either(text, inZlib(text))),
		open("coding: raw deflate", coded("deflate", deflated(text)), either(text, deflated(text))),
		open("gzip: of an error", strings.Replace(coded("gzip", z), "200 OK", "404 Not Found", 1), answer(404, text)),
	}
	ranged := whole(206, "Content-Encoding: gzip\r\nContent-Range: bytes 0-9/50\r\n", z[:10])
	return append(cases, open("gzip: a range of it", ranged, answer(206, z[:10]).or(fails(Decode, Cut))))
}

// brokenCodings has bodies that no decoder may take for whole.
func brokenCodings() []Case {
	z := zipped(text)
	change := func(at int, to byte) string {
		b := []byte(z)
		b[at] ^= to
		return string(b)
	}
	bad := fails(Decode)
	size := change(0, 0)[:len(z)-4] + string(binary.LittleEndian.AppendUint32(nil, 1))
	noise := func(n int) string { return strings.Repeat("\xa5", n) }
	cases := []Case{
		open("gzip broken: cut in the data", coded("gzip", z[:20]), bad.or(fails(Cut))),
		open("gzip broken: cut in the header", coded("gzip", z[:5]), bad.or(fails(Cut))),
		open("gzip broken: cut before the checksum", coded("gzip", z[:len(z)-8]), bad.or(fails(Cut))),
		open("gzip broken: cut in the checksum", coded("gzip", z[:len(z)-5]), bad.or(fails(Cut))),
		open("gzip broken: checksum", coded("gzip", change(len(z)-8, 1)), bad),
		open("gzip broken: size", coded("gzip", size), bad),
		open("gzip broken: data", coded("gzip", z[:12]+noise(20)+z[32:]), bad),
		open("gzip broken: magic", coded("gzip", change(0, 1)), bad),
		open("gzip broken: method", coded("gzip", change(2, 1)), bad),
		open("gzip broken: reserved flags", coded("gzip", change(3, 0x80)), bad.or(ok(text))),
		open("gzip broken: plain text", coded("gzip", text), bad),
		open("gzip broken: junk behind it", coded("gzip", z+"junk"), bad.or(ok(text), fails(Cut))),
		open("gzip broken: half a second member", coded("gzip", z+z[:15]), bad.or(fails(Cut))),
		shut("gzip broken: the length is that of the text", ok11+fmt.Sprintf("Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n",
			len(z)+40)+z, fails(Cut)),
		shut("gzip broken: to close, cut", ok11+"Content-Encoding: gzip\r\n\r\n"+z[:30], bad.or(fails(Cut))),
		shut("gzip broken: chunks cut behind the gzip", ok11+"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"+
			strings.TrimSuffix(inChunks(z), "0\r\n\r\n"), fails(Cut)),
		open("gzip broken: 100 MB of zeros", coded("gzip", bomb()), fails(TooLarge)),
		open("gzip broken: 100 MB in 500 members", coded("gzip", strings.Repeat(zipped(strings.Repeat("\x00", 200<<10)), 500)),
			fails(TooLarge)),
		open("gzip broken: a bomb in a bomb", coded("gzip, gzip", zipped(bomb())), fails(TooLarge, Decode, Protocol).or(ok(zipped(bomb())))),
		endless("gzip broken: endless name", ok11+"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\xff", "name"),
		endless("gzip broken: endless members of nothing", ok11+"Content-Encoding: gzip\r\n\r\n", zipped("")),
		endless("gzip broken: endless zeros", ok11+"Content-Encoding: gzip\r\n\r\n"+bomb()[:len(bomb())-16], "\x00"),
		stuck("gzip broken: and then nothing", ok11+"Content-Encoding: gzip\r\n\r\n"+z[:20]),
	}
	for i := range cases {
		// Endless members may be refused as well as read to the limit.
		if strings.Contains(cases[i].Name, "endless") {
			cases[i].Want = cases[i].Want.or(bad)
			cases[i].Slow = true
		}
	}
	post := open("gzip broken: in the answer to a POST", coded("gzip", z[:20]), bad.or(fails(Cut)))
	post.Method, post.Upload = http.MethodPost, 2
	return append(cases, post)
}
