"""A real SMTP server (aiosmtpd) that writes down when each notice arrived: one line with time, notice and Message-ID."""

import argparse
import asyncio
import time
from email.parser import BytesHeaderParser

import uvloop
from aiosmtpd.smtp import SMTP


class Keeper:
    def __init__(self, log):
        self.log = log

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's
        at, headers = time.time(), BytesHeaderParser().parsebytes(envelope.content)
        self.log.write(f"{at:.6f} {headers['X-SOaR2-Notice'] or '-'} {headers['Message-ID']}\n")
        return "250 kept"


async def serve(port, path):
    loop = asyncio.get_running_loop()
    with open(path, "a", buffering=1) as log:
        keeper = Keeper(log)
        server = await loop.create_server(
            lambda: SMTP(keeper, hostname="bench", loop=loop), "127.0.0.1", port
        )
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--log", required=True)
    given = parser.parse_args()
    uvloop.run(serve(given.port, given.log))
