"""Tornado's client asks the server at the URL that is given. It ends with an error if anything is not as it should be."""

import asyncio
import sys

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.httputil import HTTPHeaders, url_concat
from tornado.simple_httpclient import SimpleAsyncHTTPClient

LONG = b"0123456789" * 100_000


def check(got, want):
    if got != want:
        raise AssertionError("%.200r, want %.200r" % (got, want))


async def both(client, url):
    """What every implementation can do."""
    r = await client.fetch(url_concat(url + "/seen", {"q": "ä b"}), user_agent="me")
    check((r.code, r.headers["Seen"], r.headers["Query"]), (200, "GET", "%C3%A4+b"))
    for method in ("POST", "PUT", "PATCH"):
        for body in (b"", b"a=b", LONG):
            r = await client.fetch(url + "/seen", method=method, body=body)
            check((r.code, r.headers["Seen"], r.body), (200, method, body))
    for method in ("DELETE", "OPTIONS"):
        r = await client.fetch(url + "/seen", method=method)
        check((r.code, r.headers["Seen"]), (200, method))
    r = await client.fetch(url + "/seen", method="HEAD")
    check((r.code, r.body), (200, b""))

    r = await client.fetch(url + "/seen", auth_username="u", auth_password="ü:", headers=HTTPHeaders({"X-Many": "1"}))
    check(r.headers["Seen-Authorization"], "Basic dTrDvDo=")
    r = await client.fetch(url + "/away?status=303", method="POST", body=b"x")
    check((r.headers["Seen"], r.effective_url, r.body), ("GET", url + "/seen", b""))
    r = await client.fetch(url + "/away?status=307", method="POST", body=b"x")
    check((r.headers["Seen"], r.body), ("POST", b"x"))
    r = await client.fetch(url + "/away?status=302", follow_redirects=False, raise_error=False)
    check((r.code, r.headers["Location"]), (302, "/seen"))
    for status in (304, 404, 503):
        try:
            await client.fetch(url + "/status/%d" % status)
        except HTTPClientError as e:
            check(e.code, status)
        else:
            raise AssertionError(status)
    r = await client.fetch(url + "/status/204")
    check((r.code, r.body), (204, b""))

    got, lines = [], []
    r = await client.fetch(url + "/pieces", streaming_callback=got.append, header_callback=lines.append)
    check((b"".join(got), r.body), (b"".join(b"piece %d\n" % i for i in range(5)), b""))
    check((lines[0].split()[1], lines[-1]), ("200", "\r\n"))

    try:
        await client.fetch(url + "/never", request_timeout=0.2)
    except HTTPClientError as e:
        check(e.code, 599)
    else:
        raise AssertionError("no timeout")
    responses = await asyncio.gather(*(client.fetch(url + "/seen", method="POST", body=b"%d" % i) for i in range(50)))
    check([r.body for r in responses], [b"%d" % i for i in range(50)])


async def simple(client, url):
    """What only Tornado's own implementation can do."""

    async def produce(write):
        for i in range(0, len(LONG), 100_000):
            await write(LONG[i : i + 100_000])

    for headers in ({}, {"Content-Length": str(len(LONG))}):
        for expect in (False, True):
            r = await client.fetch(
                HTTPRequest(url + "/seen", "PUT", headers, body_producer=produce, expect_100_continue=expect)
            )
            check((r.headers["Seen"], r.body), ("PUT", LONG))
    r = await client.fetch(
        HTTPRequest(url + "/status/403", "PUT", body_producer=produce, expect_100_continue=True), raise_error=False
    )
    check(r.code, 403)


async def main(url):
    client = SimpleAsyncHTTPClient(force_instance=True, max_clients=20)
    await both(client, url)
    await simple(client, url)
    client.close()
    try:
        from tornado.curl_httpclient import CurlAsyncHTTPClient
    except ImportError:
        print("without curl")
        return
    client = CurlAsyncHTTPClient(force_instance=True)
    await both(client, url)
    client.close()
    print("with curl")


asyncio.run(main(sys.argv[1]))
