"""The load client where there is no C compiler: the same options, the same checks, the same line of JSON.

One message outstanding on each connection. See client.c for what the options mean; --depth is taken and must be 1.
"""

import argparse
import asyncio
import json
import resource
import time
from pathlib import Path

import uvloop

ID = b"@ID@"


class Client:
    def __init__(self, given):
        self.given = given
        template = Path(given.template).read_bytes()
        self.parts = template.split(ID)
        self.size = len(template) + (20 - len(ID)) * (len(self.parts) - 1)
        self.sent = self.lost = self.wrong = 0
        self.answers, self.late, self.fault = [], [], ""

    def wire(self, number):
        body = number.join(self.parts)
        if self.given.mode == "mllp":
            return b"\x0b" + body + b"\x1c\r"
        extra = f"{self.given.header}\r\n" if self.given.header else ""
        head = (
            f"POST {self.given.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/fhir+json\r\n"
        )
        return f"{head}{extra}Content-Length: {len(body)}\r\n\r\n".encode() + body

    async def converse(self, reader, writer, since):
        """One message and its answer; what counts from ``since``."""
        number = f"{self.given.prefix}{self.sent:012d}".encode()
        self.sent += 1
        writer.write(self.wire(number))
        try:
            good = await asyncio.wait_for(
                self.http(reader) if self.given.mode == "http" else self.mllp(reader, number),
                self.given.drain,
            )
        except (OSError, EOFError, TimeoutError) as fault:
            self.lost += 1
            self.fault = self.fault or repr(fault)
            return False
        if good:
            self.answers.append((number.decode(), since, time.monotonic()))
        else:
            self.wrong += 1
        return True

    async def mllp(self, reader, number):
        answer = await reader.readuntil(b"\x1c\r")
        good = answer.startswith(b"\x0bMSH|") and any(
            b"\rMSA|" + code + b"|" + number + end in answer
            for code in (b"AA", b"CA")
            for end in (b"|", b"\r")
        )
        self.fault = self.fault or ("" if good else answer[:200].decode(errors="replace"))
        return good

    async def http(self, reader):
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r")[0])
        await reader.readexactly(length)
        good = head.startswith(b"http/1.1 201") and b"\r\nlocation:" in head
        self.fault = self.fault or ("" if good else head[:200].decode(errors="replace"))
        return good

    async def closed(self, link):
        while time.monotonic() < self.until and await self.converse(*link, time.monotonic()):
            pass

    async def open(self, links):
        free = asyncio.Queue()
        for link in links:
            free.put_nowait(link)

        async def one(due):
            link = await free.get()
            self.late.append((due, time.monotonic() - due))
            if await self.converse(*link, due):
                free.put_nowait(link)

        async with asyncio.TaskGroup() as tasks:
            for turn in range(int(self.given.rate * (self.given.warm + self.given.seconds))):
                due = self.begun + turn / self.given.rate
                await asyncio.sleep(max(0, due - time.monotonic()))
                tasks.create_task(one(due))

    async def load(self):
        links = [
            await asyncio.open_connection("127.0.0.1", self.given.port) for _ in range(self.given.connections)
        ]
        self.begun = time.monotonic()
        self.until = self.begun + self.given.warm + self.given.seconds
        if self.given.rate:
            await self.open(links)
        else:
            await asyncio.gather(*map(self.closed, links))

    def report(self):
        first = self.begun + self.given.warm
        counted = [
            at - since
            for _, since, at in self.answers
            if first <= (since if self.given.rate else at) < self.until
        ]
        late = [by for due, by in self.late if due >= first]
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "rate": len(counted) / self.given.seconds,
            "p50_ms": share(counted, 0.5),
            "p99_ms": share(counted, 0.99),
            "max_ms": share(counted, 1),
            "counted": len(counted),
            "sent": self.sent,
            "acknowledged": len(self.answers),
            "lost": self.lost,
            "wrong": self.wrong,
            "out_of_order": 0,
            "sent_late_p99_ms": share(late, 0.99),
            "client_cpu": (used.ru_utime + used.ru_stime) / (time.monotonic() - self.begun),
            "bytes": self.size,
            "fault": self.fault,
        }

    def write_log(self):
        shift, first = time.time() - time.monotonic(), self.begun + self.given.warm
        with open(self.given.log, "w") as log:
            for number, since, at in self.answers:
                log.write(f"{number} {since + shift:.6f} {at + shift:.6f} {int(since >= first)}\n")


def share(times, part):
    ordered = sorted(times)
    return round(1000 * ordered[round(part * (len(ordered) - 1))], 3) if ordered else 0.0


def options():
    parser = argparse.ArgumentParser()
    for name, kind, default in (
        ("mode", str, "mllp"), ("port", int, 0), ("template", str, ""), ("prefix", str, "BENCH000"), ("path", str, "/"),
        ("header", str, ""), ("log", str, ""), ("connections", int, 1), ("depth", int, 1), ("seconds", float, 2),
        ("warm", float, 0.5), ("rate", float, 0), ("drain", float, 15),
    ):  # fmt: skip
        parser.add_argument(f"--{name}", type=kind, default=default)
    return parser.parse_args()


if __name__ == "__main__":
    client = Client(options())
    uvloop.run(client.load())
    print(json.dumps(client.report()))
    if client.given.log:
        client.write_log()
