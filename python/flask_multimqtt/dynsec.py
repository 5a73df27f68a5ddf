"""The commands of Mosquitto's dynamic-security plugin. Topics of ACLs get the prefix put before them."""

from __future__ import annotations

import typing as t

from . import _native
from .dynsec_errors import DynsecForbidden

#: A role or group: its name, or its name and priority.
Role = t.Union[str, "tuple[str, int]"]
#: An entry of a role: type, topic, whether it allows, and perhaps its priority.
Acl = t.Union["tuple[str, str, bool]", "tuple[str, str, bool, int]"]
Reply = dict[str, t.Any]


class Dynsec:
    """Administers users, groups and roles of a Mosquitto with the dynamic-security plugin.

    Every method waits for the plugin's answer. What the plugin refuses raises `DynsecError`, with the command
    in it. Arguments that are None are left out.

    Args:
        client: Gives the engine client to ask with.
        prefix: Put before the topics of ACLs, except those that begin with "$".
        allow_plain_passwords: Whether passwords may travel unencrypted to a broker on another host.
    """

    def __init__(
        self, client: t.Callable[[], _native.Client], prefix: str, allow_plain_passwords: bool = False
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._allow_plain_passwords = allow_plain_passwords

    def execute(self, commands: t.Sequence[t.Mapping[str, t.Any]]) -> list[Reply]:
        """Runs commands as the plugin knows them, in order, as one request.

        Args:
            commands: Such as `[{"command": "createRole", "rolename": "reader"}]`; topics are taken as
                they are.

        Returns:
            The data of each answer, in the order of the commands.

        Raises:
            DynsecError: The first command that failed; those behind it have run all the same.
        """
        dynsec = _native.Dynsec(self._client(), allow_plain_passwords=self._allow_plain_passwords)
        return dynsec.execute([dict(command) for command in commands])

    # Clients.

    def create_client(
        self,
        username: str,
        password: str | None = None,
        *,
        clientid: str | None = None,
        textname: str | None = None,
        textdescription: str | None = None,
        roles: t.Iterable[Role] | None = None,
        groups: t.Iterable[Role] | None = None,
    ) -> None:
        """Makes a client, which can log in when it has a password."""
        named_groups = self._existing("getGroup", _named("groupname", groups))
        self._run(
            "createClient",
            username=username,
            password=password,
            clientid=clientid,
            textname=textname,
            textdescription=textdescription,
            roles=_named("rolename", roles),
            groups=named_groups,
        )

    def modify_client(
        self,
        username: str,
        *,
        password: str | None = None,
        clientid: str | None = None,
        textname: str | None = None,
        textdescription: str | None = None,
        roles: t.Iterable[Role] | None = None,
        groups: t.Iterable[Role] | None = None,
    ) -> None:
        """Changes what is given and disconnects the client; `roles` and `groups` replace all it had."""
        named_groups = self._existing("getGroup", _named("groupname", groups))
        self._run(
            "modifyClient",
            username=username,
            password=password,
            clientid=clientid,
            textname=textname,
            textdescription=textdescription,
            roles=_named("rolename", roles),
            groups=named_groups,
        )

    def delete_client(self, username: str) -> None:
        """Deletes a client and disconnects it."""
        self._run("deleteClient", username=username)

    def enable_client(self, username: str) -> None:
        """Lets a client log in again."""
        self._run("enableClient", username=username)

    def disable_client(self, username: str) -> None:
        """Keeps a client from logging in, and disconnects it."""
        self._run("disableClient", username=username)

    def get_client(self, username: str) -> Reply:
        """What the plugin knows about a client."""
        return t.cast(Reply, self._run("getClient", username=username)["client"])

    def list_clients(self, *, verbose: bool = False, count: int = -1, offset: int = 0) -> list[t.Any]:
        """The names of the clients; with `verbose` all about them."""
        return self._list("listClients", "clients", verbose, count, offset)

    def set_client_id(self, username: str, clientid: str | None = None) -> None:
        """Ties a client to a client identifier; None unties it."""
        self._run("setClientId", username=username, clientid=clientid)

    def set_client_password(self, username: str, password: str) -> None:
        """Changes a password and disconnects the client."""
        self._run("setClientPassword", username=username, password=password)

    def add_client_role(self, username: str, role: str, priority: int | None = None) -> None:
        """Gives a client a role."""
        self._run("addClientRole", username=username, rolename=role, priority=priority)

    def remove_client_role(self, username: str, role: str) -> None:
        """Takes a role from a client."""
        self._run("removeClientRole", username=username, rolename=role)

    # Groups.

    def create_group(
        self,
        group: str,
        *,
        textname: str | None = None,
        textdescription: str | None = None,
        roles: t.Iterable[Role] | None = None,
    ) -> None:
        """Makes a group without members."""
        self._run(
            "createGroup",
            groupname=group,
            textname=textname,
            textdescription=textdescription,
            roles=_named("rolename", roles),
        )

    def modify_group(
        self,
        group: str,
        *,
        textname: str | None = None,
        textdescription: str | None = None,
        roles: t.Iterable[Role] | None = None,
        clients: t.Iterable[Role] | None = None,
    ) -> None:
        """Changes what is given; `roles` and `clients` replace all it had."""
        members = self._existing("getClient", _named("username", clients))
        self._run(
            "modifyGroup",
            groupname=group,
            textname=textname,
            textdescription=textdescription,
            roles=_named("rolename", roles),
            clients=members,
        )

    def delete_group(self, group: str) -> None:
        """Deletes a group and disconnects its members; not the group of anonymous clients."""
        # Mosquitto 2.0 would delete that too, and crash when it is asked about it next.
        if self.get_anonymous_group().lower() == group.lower():
            message = f"deleteGroup groupname '{group}': it is the group of anonymous clients"
            raise DynsecForbidden(message, "deleteGroup")
        self._run("deleteGroup", groupname=group)

    def get_group(self, group: str) -> Reply:
        """What the plugin knows about a group."""
        return t.cast(Reply, self._run("getGroup", groupname=group)["group"])

    def list_groups(self, *, verbose: bool = False, count: int = -1, offset: int = 0) -> list[t.Any]:
        """The names of the groups; with `verbose` all about them."""
        return self._list("listGroups", "groups", verbose, count, offset)

    def add_group_client(self, group: str, username: str, priority: int | None = None) -> None:
        """Makes a client a member of a group."""
        self._run("addGroupClient", groupname=group, username=username, priority=priority)

    def remove_group_client(self, group: str, username: str) -> None:
        """Ends a client's membership of a group."""
        self._run("removeGroupClient", groupname=group, username=username)

    def add_group_role(self, group: str, role: str, priority: int | None = None) -> None:
        """Gives a group a role."""
        self._run("addGroupRole", groupname=group, rolename=role, priority=priority)

    def remove_group_role(self, group: str, role: str) -> None:
        """Takes a role from a group."""
        self._run("removeGroupRole", groupname=group, rolename=role)

    def set_anonymous_group(self, group: str) -> None:
        """Puts clients without a user name into a group."""
        self._run("setAnonymousGroup", groupname=group)

    def get_anonymous_group(self) -> str:
        """The group of clients without a user name; empty when there is none."""
        return str(self._run("getAnonymousGroup")["group"]["groupname"])

    # Roles.

    def create_role(
        self,
        role: str,
        *,
        textname: str | None = None,
        textdescription: str | None = None,
        acls: t.Iterable[Acl] | None = None,
        allowwildcardsubs: bool | None = None,
    ) -> None:
        """Makes a role; `allowwildcardsubs` needs Mosquitto 2.1."""
        self._run(
            "createRole",
            rolename=role,
            textname=textname,
            textdescription=textdescription,
            acls=self._entries(acls),
            allowwildcardsubs=allowwildcardsubs,
        )

    def modify_role(
        self,
        role: str,
        *,
        textname: str | None = None,
        textdescription: str | None = None,
        acls: t.Iterable[Acl] | None = None,
        allowwildcardsubs: bool | None = None,
    ) -> None:
        """Changes what is given; `acls` replace all it had. `allowwildcardsubs` needs Mosquitto 2.1."""
        self._run(
            "modifyRole",
            rolename=role,
            textname=textname,
            textdescription=textdescription,
            acls=self._entries(acls),
            allowwildcardsubs=allowwildcardsubs,
        )

    def delete_role(self, role: str) -> None:
        """Deletes a role and disconnects the clients that have it."""
        self._run("deleteRole", rolename=role)

    def get_role(self, role: str) -> Reply:
        """What the plugin knows about a role; its topics have the prefix."""
        return t.cast(Reply, self._run("getRole", rolename=role)["role"])

    def list_roles(self, *, verbose: bool = False, count: int = -1, offset: int = 0) -> list[t.Any]:
        """The names of the roles; with `verbose` all about them."""
        return self._list("listRoles", "roles", verbose, count, offset)

    def add_role_acl(
        self, role: str, acltype: str, topic: str, allow: bool, priority: int | None = None
    ) -> None:
        """Allows or denies something to a role.

        Args:
            role: Its name.
            acltype: "publishClientSend", "publishClientReceive", "subscribeLiteral", "subscribePattern",
                "unsubscribeLiteral" or "unsubscribePattern".
            topic: The prefix is put before it, behind "$share/{group}/" if that is there. Other topics that
                begin with "$" stay as they are.
            allow: False denies.
            priority: The entry with the highest priority that fits decides; 0 when not given.
        """
        self._run(
            "addRoleACL",
            rolename=role,
            acltype=acltype,
            topic=self._absolute(topic),
            allow=allow,
            priority=priority,
        )

    def remove_role_acl(self, role: str, acltype: str, topic: str) -> None:
        """Removes an entry of a role."""
        self._run("removeRoleACL", rolename=role, acltype=acltype, topic=self._absolute(topic))

    # What holds for everybody.

    def set_default_acl_access(self, **allowed: bool) -> None:
        """Sets what is allowed when no role says anything, as in `publishClientSend=False`."""
        acls = [{"acltype": acltype, "allow": allow} for acltype, allow in allowed.items()]
        self._run("setDefaultACLAccess", acls=acls)

    def get_default_acl_access(self) -> dict[str, bool]:
        """What is allowed when no role says anything."""
        acls = self._run("getDefaultACLAccess")["acls"]
        return {entry["acltype"]: entry["allow"] for entry in acls}

    def get_details(self) -> Reply:
        """How many clients, groups and roles there are; needs Mosquitto 2.1."""
        return self._run("getDetails")

    # The rest is private.

    def _run(self, command: str, **arguments: t.Any) -> Reply:
        given = {name: value for name, value in arguments.items() if value is not None}
        return self.execute([{"command": command, **given}])[0]

    def _existing(self, command: str, entries: list[Reply] | None) -> list[Reply] | None:
        """The entries, all of which exist; Mosquitto 2.0 leaves out, without a word, those that do not."""
        if entries:
            names = [{key: entry[key] for key in entry if key != "priority"} for entry in entries]
            self.execute([{"command": command, **name} for name in names])
        return entries

    def _list(self, command: str, name: str, verbose: bool, count: int, offset: int) -> list[t.Any]:
        if count == 0:
            return []  # The plugin would give one.
        return t.cast("list[t.Any]", self._run(command, verbose=verbose, count=count, offset=offset)[name])

    def _entries(self, acls: t.Iterable[Acl] | None) -> list[Reply] | None:
        if acls is None:
            return None
        return [
            {
                "acltype": acl[0],
                "topic": self._absolute(acl[1]),
                "allow": acl[2],
                "priority": acl[3] if len(acl) == 4 else 0,
            }
            for acl in acls
        ]

    def _absolute(self, topic: str) -> str:
        shared = topic.startswith("$share/") and topic.count("/") > 1
        share, group, rest = topic.split("/", 2) if shared else ("", "", topic)
        if not self._prefix or not rest or rest.startswith("$"):
            return topic
        return f"{share}/{group}/{self._prefix}/{rest}" if shared else f"{self._prefix}/{rest}"


def _named(key: str, entries: t.Iterable[Role] | None) -> list[Reply] | None:
    if entries is None:
        return None
    names = [entries] if isinstance(entries, str) else entries
    return [{key: name} if isinstance(name, str) else {key: name[0], "priority": name[1]} for name in names]
