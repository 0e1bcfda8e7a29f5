"""The peer: python-hl7's own MLLP server with asyncpg. Each message is inserted, committed, then acknowledged.

What somebody writes in an afternoon with the usual library; nothing is left out that it would need, and nothing
is done that would slow it down.
"""

import argparse
import asyncio
import os

import asyncpg
import hl7.mllp
import uvloop

INSERT = "INSERT INTO bench_plain (control_id, raw) VALUES ($1, $2)"


async def serve(port):
    database = await asyncpg.create_pool(os.environ["BENCH_DATABASE"], min_size=8, max_size=16)

    async def converse(reader, writer):
        try:
            while True:
                message = await reader.readmessage()
                number = str(message.segment("MSH")(10))
                await database.execute(INSERT, number, str(message).encode())
                writer.writemessage(message.create_ack())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await hl7.mllp.start_hl7_server(converse, "127.0.0.1", port, encoding="utf-8")
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    uvloop.run(serve(parser.parse_args().port))
