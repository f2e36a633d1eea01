#!/usr/bin/env python3
"""Make the passwords of Redis's users, and the ACL file that says what each may do: `make_secrets.py FOLDER`.

    FOLDER/redis/users.acl      for Redis; holds hashes only
    FOLDER/<user>/password      for that user's service alone

Passwords that are there stay; the rules are written anew. Only the standard library, so that any Python does.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import secrets
from pathlib import Path

READ = (
    "+exists +get +mget +hget +hgetall +hmget +hkeys +hstrlen +lindex +llen +lrange +xrange"
    " +zcard +zrange +zrangebyscore +zrank +zrevrangebyscore +zscore"
)
WRITE = (
    "+del +expire +persist +set +incr +hset +hincrby +hdel +hlen +lpush +rpush +lset +lrem"
    " +zadd +zrem +zremrangebyscore +xadd +publish"
)
CONNECT = "+ping +hello +client|setinfo +client|setname +select"
LOOK = "+time +info +dbsize +config|get"
"""Whether the server is set up to keep what it accepts, and how full it is; its configuration holds no secret."""
SCRIPTS = "+evalsha +script|load"
"""The moves are scripts, which may do what their caller may do and nothing more."""
TRANSPORT = (
    "+multi +exec +discard +watch +unwatch +brpop +rpop +hexists +sadd +srem +smembers"
    " +zcount +script|exists +subscribe +unsubscribe +psubscribe +punsubscribe"
)
"""What Celery's transport needs beside that."""

JOBS = "job:* gone:* idem:* queue:* open:* index* scheduled expiring retained leases unanswered sequence counts"
"""Where jobs are kept and waited for."""
RULES = {
    # Writes jobs. What workers announce it can read only.
    "submit": (
        " ".join(f"%RW~<prefix>{name}" for name in ("", *JOBS.split()))
        + " %R~<prefix>catalogue %R~<prefix>workers %R~<prefix>worker:* &<prefix>job:*"
        f" {CONNECT} {LOOK} {SCRIPTS} {READ} {WRITE}"
    ),
    # Reads. The bare prefix is the name that every script is given; nothing is kept there.
    "status": f"%RW~<prefix> %R~<prefix>* &<prefix>job:* {CONNECT} {LOOK} {SCRIPTS} {READ} +subscribe +unsubscribe",
    # Does everything to a job that can be done, and nothing to the server.
    "worker": f"~<prefix>* &<prefix>* {CONNECT} {LOOK} {SCRIPTS} {READ} {WRITE} {TRANSPORT}",
    # Counts what waits and what runs, for an autoscaler. KEDA does so in a script, and EVAL asks for the right to write
    # to its keys; what it may run there cannot write.
    "scaler": f"%RW~<prefix>open:* %RW~<prefix>leases {CONNECT} +eval +type +llen +zcard",
    # A person who looks into it.
    "admin": "~* &* +@all",
}
ANYBODY = ["user default off resetpass -@all", "user probe on nopass -@all +ping"]
"""Nobody comes in without a name; the health check may ask whether Redis is there, and nothing else."""

OWNERS = {"redis": 999, "admin": 999, "submit": 10001, "status": 10001, "worker": 10001}
"""The users in the images, to whom the files are given where this runs as root."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--prefix", default="headway:", help="the HEADWAY_KEY_PREFIX of the services")
    options = parser.parse_args()
    passwords = {user: keep_or_make(options.folder / user / "password") for user in RULES}
    write(options.folder / "redis" / "users.acl", acl(passwords, options.prefix))


def acl(passwords: dict[str, str], prefix: str) -> str:
    """The file for `aclfile`, one user a line."""
    lines = [
        f"user {user} on #{hashlib.sha256(password.encode()).hexdigest()} resetchannels -@all "
        + RULES[user].replace("<prefix>", prefix)
        for user, password in passwords.items()
    ]
    return "\n".join([*ANYBODY, *lines]) + "\n"


def keep_or_make(path: Path) -> str:
    if not path.exists():
        write(path, secrets.token_urlsafe(32))
    return path.read_text().strip()


def write(path: Path, text: str) -> None:
    """Whole or not at all, and never readable for others, not even for a moment."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as file:
        file.write(text)
    if os.geteuid() == 0:
        owner = OWNERS.get(path.parent.name, 0)
        os.chown(new, owner, owner)
        os.chown(path.parent, owner, owner)
    new.replace(path)


if __name__ == "__main__":
    main()
