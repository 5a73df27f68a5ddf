"""The calls of a `MultiMQTT` for the dynamic-security commands that most applications need."""

from __future__ import annotations

import typing as t

from .dynsec import Dynsec, Role


class DynsecCalls:
    """Short ways to the most used commands; each waits for the plugin's answer."""

    @property
    def dynsec(self) -> Dynsec:
        """All commands of Mosquitto's dynamic-security plugin."""
        raise NotImplementedError

    def dynsec_add_client(
        self, username: str, password: str, clientid: str | None = None, roles: t.Iterable[Role] | None = None
    ) -> None:
        """Makes a client; a role is a name or a pair of name and priority. Raises `DynsecError`."""
        self.dynsec.create_client(username, password, clientid=clientid, roles=roles)

    def dynsec_delete_client(self, username: str) -> None:
        """Deletes a client and disconnects it. Raises `DynsecError`."""
        self.dynsec.delete_client(username)

    def dynsec_create_role(self, role: str) -> None:
        """Makes a role without permissions. Raises `DynsecError`."""
        self.dynsec.create_role(role)

    def dynsec_delete_role(self, role: str) -> None:
        """Deletes a role and disconnects the clients that have it. Raises `DynsecError`."""
        self.dynsec.delete_role(role)

    def dynsec_add_role_acl(
        self, role: str, acltype: str, topic: str, allow: bool, priority: int | None = None
    ) -> None:
        """Allows or denies a topic, the prefix put before it, to a role. Raises `DynsecError`."""
        self.dynsec.add_role_acl(role, acltype, topic, allow, priority)

    def dynsec_remove_role_acl(self, role: str, acltype: str, topic: str) -> None:
        """Removes what `dynsec_add_role_acl` added. Raises `DynsecError`."""
        self.dynsec.remove_role_acl(role, acltype, topic)
