# Sends a mail by smtplib's STARTTLS to a server in the same process: smtp_pair.py CHAIN KEY CA
import smtplib
import socket
import ssl
import sys
import threading

chain, key, ca = sys.argv[1:4]


def session(stream):
    yield b"220 ready\r\n"
    for line in stream:
        word = line.split()[0].lower()
        if word == b"data":
            yield b"354 go on\r\n"
            body = b""
            while not body.endswith(b"\r\n.\r\n"):
                body += stream.readline()
            print("received", len(body), flush=True)
        yield {b"ehlo": b"250-here\r\n250 STARTTLS\r\n", b"starttls": b"220 go on\r\n"}.get(word, b"250 ok\r\n")
        if word in (b"starttls", b"quit"):
            return


def serve(listener):
    plain, _ = listener.accept()
    stream = plain.makefile("rwb", 0)
    for answer in session(stream):
        stream.write(answer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    tls = context.wrap_socket(plain, server_side=True)
    stream = tls.makefile("rwb", 0)
    answers = session(stream)
    next(answers)
    for answer in answers:
        stream.write(answer)
    tls.close()


listener = socket.create_server(("127.0.0.1", 0))
thread = threading.Thread(target=serve, args=(listener,))
thread.start()
mail = smtplib.SMTP("localhost", listener.getsockname()[1], timeout=20)
mail.starttls(context=ssl.create_default_context(cafile=ca))
print("version", mail.sock.version())
mail.sendmail("a@example.org", "b@example.org", "Subject: x\r\n\r\n" + "line\r\n" * 5000)
mail.quit()
thread.join()
