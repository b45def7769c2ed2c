"""Prints a page with asyncio, whose connect does not wait: get.py http://HOST:PORT/."""
import asyncio
import sys
import urllib.parse


async def main():
    url = urllib.parse.urlsplit(sys.argv[1])
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    print((await reader.read()).decode())
    writer.close()


asyncio.run(main())
