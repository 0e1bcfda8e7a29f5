"""A request's body as the web server hands it to the FHIR door."""


class Body:
    """A request's body as the web server gives it: whole, or in pieces with an empty one at the end."""

    def __init__(self, data=b"", piece=1 << 16):
        self.data, self.piece, self.taken = data, piece, 0

    async def __call__(self):
        self.taken += len(self.data)
        return self.data

    async def __aiter__(self):
        for start in range(0, len(self.data), self.piece):
            part = self.data[start : start + self.piece]
            self.taken += len(part)
            yield part
        yield b""
