"""client_asyncio.py ADDRESS PORT [name=value…]: the client of tls.py on asyncio streams."""
import asyncio

import tls


async def one(host, port, args):
    sock = tls.tls_socket()
    sock.setblocking(False)
    tls.configure(sock, args)
    try:
        await asyncio.get_running_loop().sock_connect(sock, (host, port))
    except OSError as e:
        tls.fail(sock, "connect", e)
    # A transport closes its socket at the first error; the reason is read from another descriptor of it.
    reason = sock.dup()
    reader, writer = await asyncio.open_connection(sock=sock)
    tls.show(tls.describe(sock).encode())
    writer.write(tls.client_request(args))
    tls.say("answer")
    try:
        await writer.drain()
        data = b""
        while not tls.complete(args, data):
            piece = await reader.read(1 << 14)
            if not piece:
                break
            tls.show(piece)
            data += piece
    except OSError as e:
        tls.fail(reason, "read", e)
    reason.close()
    writer.close()
    await writer.wait_closed()


async def main():
    host, port, args = tls.client_arguments()
    for i in range(int(args.get("times", "1"))):
        tls.say("connection", i + 1)
        await one(host, port, args)
    tls.say("done")


asyncio.run(main())
