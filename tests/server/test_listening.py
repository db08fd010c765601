"""Each process of the server listens on a socket of its own, and the kernel spreads what comes over them."""

import pickle
import socket
from contextlib import ExitStack, suppress

import pytest

from server.errors import SetupFault
from server.listening import OwnSocket
from server.run import check_port
from server.settings import Settings


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as trial:
        return int(trial.getsockname()[1])


def test_connections_that_come_together_are_spread_over_the_processes_of_one_address(free_port: int) -> None:
    with ExitStack() as opened:
        handed = pickle.dumps([OwnSocket("127.0.0.1", free_port)])
        own = [opened.enter_context(pickle.loads(handed)[0]) for _ in range(2)]  # noqa: S301  # our own bytes
        for one in own:
            one.listen(64)
            one.setblocking(False)
        for _ in range(40):
            opened.enter_context(socket.create_connection(("127.0.0.1", free_port)))
        taken = [_accepted(one, opened) for one in own]
    assert sum(taken) == 40
    assert all(taken)


def test_a_second_server_does_not_join_the_first_one_at_its_address(free_port: int) -> None:
    handed = pickle.dumps(OwnSocket("127.0.0.1", free_port))
    with pickle.loads(handed) as taken:  # noqa: S301  # our own bytes
        taken.listen()
        with pytest.raises(SetupFault):
            check_port(Settings(host="127.0.0.1", port=free_port))


def _accepted(listening: socket.socket, opened: ExitStack) -> int:
    count = 0
    with suppress(BlockingIOError):
        while True:
            opened.enter_context(listening.accept()[0])
            count += 1
    return count
