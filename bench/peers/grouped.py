"""The reference: a bare MLLP server with grouped commits. Nothing of a message is read beyond MSH-10.

It shows what asyncio, uvloop and one PostgreSQL connection can do at best when every message is stored before
its answer leaves: a ceiling, not a product. With --store none it answers at once: the load client's own limit.
"""

import argparse
import asyncio
import os
from collections import deque

import asyncpg
import uvloop

ANSWER = b"\x0bMSH|^~\\&|PEER|BENCH|RIS|BENCH|20260310140705||ACK^R01^ACK|%b|P|2.5.1\rMSA|AA|%b\r\x1c\r"
INSERT = "INSERT INTO bench_plain (control_id, raw) SELECT * FROM unnest($1::text[], $2::bytea[])"
GROUP = 256


def control_id(message):
    """The tenth field of the first segment, found by counting separators."""
    return message[: message.index(b"\r")].split(message[3:4], 10)[9]


class Connection(asyncio.Protocol):
    def __init__(self, arrived):
        self.arrived, self.buffer = arrived, bytearray()

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.buffer += data
        while (end := self.buffer.find(b"\x1c\r")) >= 0:
            message = bytes(self.buffer[1:end])
            del self.buffer[: end + 2]
            self.arrived(self, message, control_id(message))

    def answer(self, number):
        self.transport.write(ANSWER % (number, number))


class Writer:
    """One task stores all that has arrived in one statement, and answers when its commit has returned."""

    def __init__(self, database):
        self.database, self.waiting, self.wake = database, deque(), asyncio.Event()

    def arrived(self, connection, message, number):
        self.waiting.append((connection, message, number))
        self.wake.set()

    async def run(self):
        while True:
            await self.wake.wait()
            self.wake.clear()
            while self.waiting:
                group = [self.waiting.popleft() for _ in range(min(GROUP, len(self.waiting)))]
                await self.database.execute(
                    INSERT, [number.decode() for _, _, number in group], [message for _, message, _ in group]
                )
                for connection, _, number in group:
                    connection.answer(number)


async def serve(port, store):
    loop = asyncio.get_running_loop()
    if store == "none":
        server = await loop.create_server(
            lambda: Connection(lambda connection, _, number: connection.answer(number)), "127.0.0.1", port
        )
        await server.serve_forever()
    writer = Writer(await asyncpg.connect(os.environ["BENCH_DATABASE"]))
    server = await loop.create_server(lambda: Connection(writer.arrived), "127.0.0.1", port)
    async with server:
        await writer.run()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--store", choices=("grouped", "none"), default="grouped")
    given = parser.parse_args()
    uvloop.run(serve(given.port, given.store))
