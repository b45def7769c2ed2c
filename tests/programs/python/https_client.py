# Fetches https://HOST:PORT/ with the standard library, trusting CA: https_client.py HOST PORT CA [insecure]
import http.client
import ssl
import sys

host, port, ca = sys.argv[1:4]
context = ssl.create_default_context(cafile=ca)
if "insecure" in sys.argv:
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=20)
connection.connect()
tls = connection.sock
print("version", tls.version(), "peer", dict(i[0] for i in tls.getpeercert().get("subject", ())) if tls.getpeercert() else None)
connection.request("GET", "/")
print(connection.getresponse().read().decode())
