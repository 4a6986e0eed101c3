"""A server of Tornado's, with the static files of a directory if one is named. It says its port, and ends with its input."""

import asyncio
import sys
import threading

import tornado.httpserver
import tornado.netutil
import tornado.web


class Echo(tornado.web.RequestHandler):
    SUPPORTED_METHODS = tornado.web.RequestHandler.SUPPORTED_METHODS

    async def answer(self):
        r = self.request
        self.set_header("Seen", "%s %s" % (r.method, r.headers.get("Content-Type", "-").split(";")[0]))
        self.set_header("Peer", str(r.connection.context.address[1]))
        for name in ("Authorization", "Cookie", "Accept-Encoding", "Transfer-Encoding", "Content-Length"):
            if name in r.headers:
                self.set_header("Seen-" + name, r.headers[name])
        for name in sorted(r.body_arguments):
            self.add_header("Argument", "%s=%s" % (name, ",".join(self.get_body_arguments(name, strip=False))))
        for name in sorted(r.files):
            for f in r.files[name]:
                self.add_header("File", "%s=%s:%s:%d" % (name, f["filename"], f["content_type"], len(f["body"])))
        self.write(r.body)

    get = head = post = put = patch = delete = options = answer


class Long(tornado.web.RequestHandler):
    """Text that is compressed if the client takes that."""

    def get(self):
        self.set_header("Content-Type", "text/plain")
        self.write("much " * 100_000)


class Pieces(tornado.web.RequestHandler):
    async def get(self):
        for i in range(5):
            self.write("piece %d\n" % i)
            await self.flush()


@tornado.web.stream_request_body
class Upload(tornado.web.RequestHandler):
    def prepare(self):
        self.length = 0
        if self.get_query_argument("refuse", None):
            raise tornado.web.HTTPError(403)

    def data_received(self, chunk):
        self.length += len(chunk)

    def put(self):
        self.write(str(self.length))


class Away(tornado.web.RequestHandler):
    def answer(self):
        self.set_cookie("way", "taken")
        self.set_status(int(self.get_query_argument("status", "302")))
        self.set_header("Location", "/echo")

    get = post = put = answer


async def main():
    static = {}
    if len(sys.argv) > 1:
        static = dict(static_path=sys.argv[1], static_handler_args=dict(default_filename="index.html"))
    app = tornado.web.Application(
        [("/echo", Echo), ("/long", Long), ("/pieces", Pieces), ("/upload", Upload), ("/away", Away)],
        compress_response=True,
        log_function=lambda handler: None,
        **static,
    )
    sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
    tornado.httpserver.HTTPServer(app).add_sockets(sockets)
    print(sockets[0].getsockname()[1], flush=True)
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def wait():
        sys.stdin.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait, daemon=True).start()
    await ended.wait()


asyncio.run(main())
