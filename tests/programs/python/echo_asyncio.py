# An echo over asyncio's TLS, whose bytes go through memory BIOs:
#   echo_asyncio.py client HOST PORT CA [insecure]    sends a million bytes and checks what comes back
#   echo_asyncio.py server CHAIN KEY                  writes "port N" and serves
import asyncio
import ssl
import sys


async def client(host, port, ca, *how):
    context = ssl.create_default_context(cafile=ca)
    context.set_alpn_protocols(["echo"])
    if how:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
    tls = writer.get_extra_info("ssl_object")
    print("version", tls.version(), "alpn", tls.selected_alpn_protocol())
    sent = bytes(range(256)) * 4096
    writer.write(sent)
    got = await reader.readexactly(len(sent))
    print("echo", "same" if got == sent else "different")
    writer.close()
    await writer.wait_closed()


async def echo(reader, writer):
    print("name", writer.get_extra_info("ssl_object").asked, flush=True)
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def server(chain, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    context.set_alpn_protocols(["echo"])

    def named(tls, name, _):
        tls.asked = name

    context.sni_callback = named
    listener = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=context)
    print("port", listener.sockets[0].getsockname()[1], flush=True)
    await listener.serve_forever()


asyncio.run({"client": client, "server": server}[sys.argv[1]](*sys.argv[2:]))
