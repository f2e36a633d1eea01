"""Ports: what stands in the way is said with what to do, and what was given to one is given to nobody else."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local.ports import LOOPBACK, PortBusy, check_all_free, check_free, free_ports


def test_a_free_port_can_be_listened_at_by_its_server() -> None:
    [port] = free_ports(1)

    with socket.create_server((LOOPBACK, port)):  # allows reuse, as all servers do
        socket.create_connection((LOOPBACK, port), timeout=5).close()


def test_nobody_listens_at_a_free_port_yet() -> None:
    [port] = free_ports(1)

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOOPBACK, port), timeout=5)


def test_a_port_that_was_given_away_is_given_to_no_other_process() -> None:
    mine = set(free_ports(100))
    ask = "from local.ports import free_ports; print(*free_ports(400))"

    answers = [subprocess.run([sys.executable, "-c", ask], capture_output=True, check=True) for _ in range(3)]

    others = {int(port) for answer in answers for port in answer.stdout.split()}
    assert len(others) >= 400
    assert not mine & others


def test_a_port_that_was_given_away_can_be_had_by_the_stack() -> None:
    check_free(free_ports(1)[0])


def test_a_port_where_somebody_listens_is_refused_with_another_one() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(PortBusy, match=rf"Port {port} is in use .* HEADWAY_PORT={port + 1}$"):
            check_free(port)


def test_a_busy_port_is_told_with_the_setting_that_names_it() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(PortBusy, match=rf"Port {port} is in use .* HEADWAY_PROMETHEUS_PORT={port + 1}$"):
            check_all_free({"HEADWAY_PORT": free_ports(1)[0], "HEADWAY_PROMETHEUS_PORT": port})


def test_two_settings_that_name_one_port_are_refused() -> None:
    [port] = free_ports(1)

    with pytest.raises(PortBusy, match=f"HEADWAY_PORT and HEADWAY_DASHBOARDS_PORT are both {port}"):
        check_all_free({"HEADWAY_PORT": port, "HEADWAY_DASHBOARDS_PORT": port})


def test_behind_the_last_port_none_is_suggested() -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 65535))
        taken.listen()

        with pytest.raises(PortBusy, match=r"HEADWAY_PORT=65534$"):
            check_free(65535)


def _are_low_ports_kept() -> bool:
    first_for_all = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
    return first_for_all.exists() and int(first_for_all.read_text()) > 80


@pytest.mark.skipif(os.geteuid() != 0 or not _are_low_ports_kept(), reason="needs root, and ports that only root has")
def test_a_port_of_the_system_is_not_called_in_use() -> None:
    ask = "import os; os.setuid(65534); from local.ports import check_free; check_free(80)"
    code = f"from local import ports; {ask}"  # imported as root: nobody may not read the sources everywhere

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert "Port 80 is not for this user" in ended.stderr
    assert "in use" not in ended.stderr
