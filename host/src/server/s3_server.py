# moto's S3, as the host needs it: one request at a time, since between a condition and its
# write moto lets another thread in; and only for whoever knows the secret of this run, which
# is what they sign with. In memory: it is gone with the process.
import os
import sys

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, run_simple
from werkzeug.test import Client

port, bucket = int(sys.argv[1]), sys.argv[2]
secret = os.environ.pop("S3_SECRET")
moto = DomainDispatcherApplication(create_backend_app)


class Quiet(WSGIRequestHandler):
    def log_request(self, *_):
        pass


def guarded(environ, respond):
    if f"Credential={secret}/" not in environ.get("HTTP_AUTHORIZATION", ""):
        respond("403 Forbidden", [("Content-Length", "0")])
        return [b""]
    return moto(environ, respond)


made = Client(moto).put(f"/{bucket}", base_url=f"http://127.0.0.1:{port}")
if made.status_code != 200:
    sys.exit(f"no bucket: {made.status}")
run_simple("127.0.0.1", port, guarded, threaded=False, request_handler=Quiet)
