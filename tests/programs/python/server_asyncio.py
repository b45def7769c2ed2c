"""server_asyncio.py PORT [name=value…]: the server of tls.py on asyncio streams."""
import asyncio
import sys

import tls


class Server:
    def __init__(self, times):
        self.left = times
        self.finished = asyncio.Event()

    async def serve(self, reader, writer):
        page = tls.describe(writer.get_extra_info("socket"))
        tls.say("connection\n" + page, end="")
        try:
            data = await reader.read(4096)
            tls.say("request", tls.request_line(data) if data else "<end>")
            if data:
                writer.write(tls.HEAD + page.encode())
                await writer.drain()
        except OSError as e:
            tls.say("request <%s>" % tls.name_of(e))
        writer.close()
        try:
            await writer.wait_closed()
        except OSError:
            pass  # said already
        self.left -= 1
        if self.left == 0:
            self.finished.set()


async def main():
    args = tls.Arguments(sys.argv[2:])
    sock = tls.listener(args, int(sys.argv[1]))
    sock.setblocking(False)
    server = Server(int(args.get("times", "1")))
    async with await asyncio.start_server(server.serve, sock=sock):
        await server.finished.wait()
    tls.say("done")


asyncio.run(main())
