"""A mail server in small that counts its connections and does one thing wrong when it is told to."""

import socket
import threading


class MailServer:
    """``lines`` are the words heard on each connection, ``mails`` what it took.

    ``wrong`` is the word at which it goes wrong (MAIL, RCPT, DATA or END, the end of the mail's words) and what it
    does then: an answer, or nothing but hanging up when that is empty.
    """

    def __init__(self):
        self.mails: list[bytes] = []
        self.lines: list[list[str]] = []  # the words heard on each connection
        self.wrong: tuple[str, str] | None = None
        self.hang_up = threading.Event()  # after the next mail
        self.hung_up = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self):
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client):
        heard: list[str] = []
        self.lines.append(heard)
        with client, client.makefile("rwb", buffering=0) as wire:
            wire.write(b"220 test\r\n")
            while words := wire.readline():
                word = words.split()[0].decode().upper()
                heard.append(word)
                if not self._answer(wire, word):
                    return

    def _answer(self, wire, word):
        if self._goes_wrong(wire, word):
            return False
        wire.write({"DATA": b"354 go on\r\n", "QUIT": b"221 bye\r\n"}.get(word, b"250 yes\r\n"))
        if word == "DATA":
            mail = b""
            while (words := wire.readline()) not in (b".\r\n", b""):
                mail += words
            self.mails.append(mail)
            if self._goes_wrong(wire, "END"):
                return False
            wire.write(b"250 kept\r\n")
            if self.hang_up.is_set():
                self.hang_up.clear()
                return False
        return word != "QUIT"

    def _goes_wrong(self, wire, word):
        if self.wrong is None or self.wrong[0] != word:
            return False
        answer, self.wrong = self.wrong[1], None
        if answer:
            wire.write(f"{answer}\r\n".encode())
        return True
