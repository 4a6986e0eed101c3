package hardserver

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// In a Location of the table $B stands for the path of the case, $S for its last element, $H for
// the host with its port and $O for another origin.
func (c *conn) fill(location string) string {
	return strings.NewReplacer(
		"$B", c.base, "$S", c.base[strings.LastIndexByte(c.base, '/')+1:],
		"$H", c.server.host(), "$O", "http://"+c.server.other.Addr().String(),
	).Replace(location)
}

// redirect returns a case that answers its URL with status and lines. Whatever else is asked of it is answered
// with what stands behind the case's path in the request's target.
func redirect(name string, status int, lines string, want Want) Case {
	return Case{Name: "redirect: " + name, Want: want, script: func(c *conn) {
		r := c.next()
		n, _ := io.Copy(io.Discard, r.Body)
		target := strings.TrimPrefix(r.RequestURI, c.base)
		switch {
		case target == "":
			c.send(fit(r, whole(status, c.fill(lines), "moved")))
			return
		case target == "/how":
			target = strings.TrimSpace(fmt.Sprintf("%s %d %s", r.Method, n, r.Header.Get("Content-Type")))
		case target == "/seen":
			target = seen(r)
		}
		c.send(fit(r, whole(200, "", target)))
	}}
}

func to(location string) string { return "Location: " + location + "\r\n" }

// redirects has redirects that lead somewhere (RFC 9110 §10.2.2, §15.4).
func redirects() []Case {
	good := func(name, location, lands string) Case { return redirect(name, 302, to(location), ok(lands)) }
	cases := []Case{
		good("absolute", "http://$H$B/next", "/next"),
		good("scheme in capitals", "HTTP://$H$B/next", "/next"),
		good("scheme-relative", "//$H$B/next", "/next"),
		good("relative", "$S/next", "/next"),
		good("relative with dots", "./x/../$S/next", "/next"),
		good("query alone", "?a=b", "?a=b"),
		good("fragment is not sent", "$B/next#part", "/next"),
		good("white space around", " \t$B/next \t", "/next"),
		good("empty query stays", "$B/next?", "/next?"),
		redirect("dots beyond the root", 302, to("/../../..$B/next"), ok("/next")),
		redirect("escapes stay as they are", 302, to("$B/a%2Fb%20c%7e?d=%26"), ok("/a%2Fb%20c%7e?d=%26")),
		redirect("space", 302, to("$B/a b"), ok("/a%20b").or(refusedRedirect(302))),
		redirect("UTF-8", 302, to("$B/\xc3\xa9?\xc3\xa9"), ok("/%C3%A9?%C3%A9").or(ok("/%C3%A9?\xc3\xa9"), refusedRedirect(302))),
		redirect("Latin-1", 302, to("$B/\xe9"), ok("/%E9").or(ok("/%C3%A9"), refusedRedirect(302))),
		redirect("backslashes", 302, to(`$B\next`), ok("/next").or(ok("%5Cnext"), refusedRedirect(302))),
		redirect("user information", 302, to("http://user:secret@$H$B/next"), ok("/next").or(refusedRedirect(302))),
		redirect("another origin", 302, to("$O/next"), ok("none")),
		redirect("the same Location twice", 302, to("$B/next")+to("$B/next"), ok("/next").or(refusedRedirect(302))),
		redirect("two Locations", 302, to("$B/next")+to("$B/other"), ok("/next").or(refusedRedirect(302))),
		redirect("HTTP/1.0 behind it", 302, to("$B/next")+"Connection: close\r\n", ok("/next")),
		redirect("Location of 201", 201, to("$B/next"), answer(201, "moved")),
		redirect("Location of 200", 200, to("$B/next"), answer(200, "moved")),
		redirect("Location of 404", 404, to("$B/next"), answer(404, "moved")),
		redirect("Location of 300", 300, to("$B/next"), answer(300, "moved").or(ok("/next"))),
		redirect("Location of 305", 305, to("$B/next"), answer(305, "moved").or(fails(Redirect))),
		redirect("refresh is none", 200, "Refresh: 0;url=$B/next\r\n", answer(200, "moved")),
		chain("5 hops", 5, ok("landed")),
		{Name: "redirect: 304 with a Location", Want: answer(304, ""), script: func(c *conn) {
			c.next()
			c.send("HTTP/1.1 304 Not Modified\r\nLocation: /next\r\n\r\n")
		}},
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		cases = append(cases,
			redirect(fmt.Sprintf("%d", status), status, to("$B/next"), ok("/next")),
			redirect(fmt.Sprintf("%d without a Location", status), status, "", answer(status, "moved").or(fails(Redirect, Protocol))))
	}
	return append(cases, redirectBodies()...)
}

// refusedRedirect is what becomes of a redirect that is not followed: an error, or the response as it is.
func refusedRedirect(status int) Want {
	return fails(Redirect, Protocol).or(answer(status, "moved"))
}

// redirectBodies has redirects whose own body is no good. Nobody wants it; it must not do harm.
func redirectBodies() []Case {
	landing := func(name string, first func(*conn), want Want) Case {
		return Case{Name: "redirect: " + name, Want: want, script: func(c *conn) {
			if c.next().URL.Path != c.base {
				c.send(okWhole)
				return
			}
			first(c)
		}}
	}
	start := func(c *conn, lines string) {
		c.send("HTTP/1.1 302 Found\r\n" + c.fill(to("$B/next")) + lines + "\r\n")
	}
	return []Case{
		landing("endless body", func(c *conn) {
			start(c, "Transfer-Encoding: chunked\r\n")
			c.flood("4\r\nmore\r\n")
		}, ok("ok").or(ended)),
		landing("body of 900 KB", func(c *conn) {
			start(c, "Content-Length: 900000\r\n")
			c.send(strings.Repeat("x", 900000))
		}, ok("ok")),
		landing("body cut", func(c *conn) {
			start(c, "Content-Length: 10\r\n")
			c.send("moved")
			c.end()
		}, ok("ok").or(fails(Cut))),
		landing("gzip broken", func(c *conn) {
			start(c, "Content-Encoding: gzip\r\nContent-Length: 5\r\n")
			c.send("moved")
		}, ok("ok").or(fails(Decode))),
		landing("closed behind it", func(c *conn) {
			start(c, "")
			c.send("moved")
			c.end()
		}, ok("ok")),
	}
}

// chain returns a case of n redirects one behind the other.
func chain(name string, n int, want Want) Case {
	return Case{Name: "redirect: " + name, Want: want, script: func(c *conn) {
		r := c.next()
		at, _ := strconv.Atoi(r.URL.Query().Get("at"))
		if at >= n {
			c.send(whole(200, "", "landed"))
			return
		}
		c.send(whole(302, to(fmt.Sprintf("%s?at=%d", c.base, at+1)), ""))
	}}
}

// badRedirects has redirects that lead nowhere, or where no client should go.
func badRedirects() []Case {
	bad := func(name, location string) Case { return redirect(name, 302, to(location), refusedRedirect(302)) }
	// A loop ends at the bound: in an error, or with the last redirect as the result.
	loop := func(name, location string) Case { return redirect(name, 302, to(location), refusedRedirect(302)) }
	nowhere := func(name, location string) Case {
		return redirect(name, 302, to(location), fails(Connect).or(refusedRedirect(302)))
	}
	cases := []Case{
		loop("to itself", "$B"),
		loop("to itself, absolute", "http://$H$B"),
		loop("empty Location", ""),
		loop("a fragment alone", "#part"),
		loop("a dot", "./$S"),
		chain("25 hops", 25, fails(Redirect).or(answer(302, ""))),
		{Name: "redirect: between two", Want: refusedRedirect(302), script: func(c *conn) {
			there := "/back"
			if c.next().URL.Path != c.base {
				there = ""
			}
			c.send(whole(302, to(c.base+there), "moved"))
		}},
		bad("file", "file:///etc/passwd"),
		bad("ftp", "ftp://$H/next"),
		bad("javascript", "javascript:alert(1)"),
		bad("data", "data:text/plain,ok"),
		bad("mailto", "mailto:a@example.com"),
		bad("about", "about:blank"),
		bad("gopher", "gopher://$H/_GET"),
		bad("view-source", "view-source:http://$H$B/next"),
		bad("no host", "http:///next"),
		bad("no host at all", "http://"),
		bad("no host, a port", "http://:80/next"),
		bad("port of letters", "http://127.0.0.1:port/next"),
		nowhere("port too large", "http://127.0.0.1:70000/next"),
		bad("broken brackets", "http://[::1/next"),
		bad("space in the host", "http://127.0.0.1 .example/next"),
		bad("broken escape in the host", "http://127.0.0.1%zz/next"),
		nowhere("nobody listens", "http://127.0.0.1:1/next"),
		nowhere("port 0", "http://127.0.0.1:0/next"),
		nowhere("metadata of a cloud", "http://169.254.169.254/latest/meta-data/"),
		nowhere("private address", "http://10.0.0.1/next"),
		nowhere("unspecified address", "http://0.0.0.0:1/next"),
		redirect("broken escape in the path", 302, to("$B/%zz"), ok("/%zz").or(ok("/%25zz"), refusedRedirect(302))),
		redirect("NUL", 302, to("$B/a\x00b"), refusedRedirect(302)),
		redirect("control character", 302, to("$B/a\x01b"), ok("/a%01b").or(refusedRedirect(302))),
		redirect("bare CR", 302, to("$B/a\rInjected: b"), refusedRedirect(302)),
		redirect("bare LF", 302, to("$B/a\nInjected: b"), ok("/a").or(refusedRedirect(302))),
		redirect("tab", 302, to("$B/a\tb"), ok("/a%09b").or(ok("/ab"), refusedRedirect(302))),
		redirect("folded", 302, to("$B/a\r\n b"), ok("/a%20b").or(refusedRedirect(302))),
		redirect("60 KB", 302, to("$B/"+strings.Repeat("x", 60<<10)), ok("/"+strings.Repeat("x", 60<<10)).or(refusedRedirect(302), fails(TooLarge))),
		{Name: "redirect: stalled behind it", Want: fails(Timeout), Slow: true, script: func(c *conn) {
			if c.next().URL.Path == c.base {
				c.send(whole(302, to(c.base+"/next"), ""))
				return
			}
			c.stall()
		}},
	}
	https := redirect("from https to http", 302, to("$O/next"), ok("none").or(refusedRedirect(302)))
	https.HTTPS, https.config = true, goodCert
	return append(cases, https)
}

// methods has redirects of other methods than GET.
func methods() []Case {
	var cases []Case
	with := func(method string, upload, status int, lands string) {
		c := redirect(fmt.Sprintf("%d of %s", status, method), status, to("$B/how"), ok(lands))
		c.Method, c.Upload = method, upload
		cases = append(cases, c)
	}
	for _, status := range []int{301, 302, 303} {
		with(http.MethodPost, 10, status, "GET 0")
	}
	for _, status := range []int{307, 308} {
		with(http.MethodPost, 10, status, "POST 10 text/plain")
		with(http.MethodPut, 10, status, "PUT 10 text/plain")
	}
	with(http.MethodPut, 10, 303, "GET 0")
	with(http.MethodDelete, 0, 303, "GET 0")
	with(http.MethodDelete, 0, 307, "DELETE 0")
	with(http.MethodHead, 0, 303, "")
	with(http.MethodHead, 0, 302, "")
	return cases
}

// seen says which credentials a request carries.
func seen(r *http.Request) string {
	var names []string
	for _, name := range []string{"Authorization", "Cookie", "Proxy-Authorization"} {
		if r.Header.Get(name) != "" {
			names = append(names, name)
		}
	}
	if strings.Contains(r.Header.Get("Referer"), "@") {
		names = append(names, "Referer")
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, " ")
}

// credentials has redirects that try to take credentials elsewhere.
func credentials() []Case {
	with := func(name, location string, want Want) Case {
		c := redirect("credentials "+name, 302, to(location), want)
		c.Credentials = true
		return c
	}
	return []Case{
		with("stay with the origin", "$B/seen", ok("Authorization Cookie")),
		with("are not for another port", "$O/next", ok("none")),
		with("are not given back", "$O/back", ok("none")),
		with("are not for another name", "http://localhost:1/next", fails(Connect)),
	}
}
