"""MemoryDB's access control lists, which moto lacks, and what AWS refuses of clusters."""

from __future__ import annotations

import copy
from typing import Any

from rehearsal.aws.adapters import server
from rehearsal.aws.adapters.moto_server import backend
from rehearsal.aws.errors import RefusedError
from rehearsal.aws.service import Parameters, Service

_OPEN = "open-access"
_LEAST, _MOST = 16, 128
_REFUSED = set(',"/@')


class AccessLists:
    """The lists by account, region and name; ``open-access`` is always there."""

    def __init__(self) -> None:
        self._users: dict[tuple[str, str, str], list[str]] = {}
        self.service = Service("memorydb")
        self.service.own |= {
            "CreateACL": self._create,
            "DescribeACLs": self._describe,
            "UpdateACL": self._update,
            "DeleteACL": self._delete,
            "UpdateSubnetGroup": _update_subnet_group,
        }
        self.service.refuses("CreateCluster")(self._known_names)
        self.service.refuses("CreateUser", "UpdateUser")(_sound_passwords)

    def snapshot(self) -> dict[tuple[str, str, str], list[str]]:
        """All lists with their users, for :meth:`restore`."""
        return copy.deepcopy(self._users)

    def restore(self, users: dict[tuple[str, str, str], list[str]]) -> None:
        """Let the lists be as they were."""
        self._users = copy.deepcopy(users)

    def _create(self, parameters: Parameters) -> Parameters:
        key = _key(parameters["ACLName"])
        if key in self._users or key[2] == _OPEN:
            raise RefusedError("ACLAlreadyExistsFault", f"ACL with name {key[2]} already exists.")
        self._users[key] = _known_users(parameters.get("UserNames", []))
        return {"ACL": self._told(key)}

    def _describe(self, parameters: Parameters) -> Parameters:
        name = parameters.get("ACLName")
        if name:
            return {"ACLs": [self._told(self._found(name))]}
        account, region, _ = _key("")
        return {"ACLs": [self._told(key) for key in [*self._users, _key(_OPEN)] if key[:2] == (account, region)]}

    def _update(self, parameters: Parameters) -> Parameters:
        key = self._found(parameters["ACLName"])
        leaving, joining = parameters.get("UserNamesToRemove", []), _known_users(parameters.get("UserNamesToAdd", []))
        self._users[key] = [user for user in self._users[key] if user not in leaving] + joining
        return {"ACL": self._told(key)}

    def _delete(self, parameters: Parameters) -> Parameters:
        key = self._found(parameters["ACLName"])
        if any(cluster.acl_name == key[2] for cluster in _memorydb().clusters.values()):
            raise RefusedError("InvalidACLStateFault", f"ACL {key[2]} is attached to one or more clusters.")
        told = self._told(key)
        del self._users[key]
        return {"ACL": told}

    def _known_names(self, parameters: Parameters) -> None:
        self._found(parameters["ACLName"])
        group = parameters.get("SubnetGroupName", "default")
        if group not in _memorydb().subnet_groups:
            raise RefusedError("SubnetGroupNotFoundFault", f"Subnet group {group} does not exist.")

    def _found(self, name: str) -> tuple[str, str, str]:
        key = _key(name)
        if key not in self._users and name != _OPEN:
            raise RefusedError("ACLNotFoundFault", f"ACL {name} does not exist.")
        return key

    def _told(self, key: tuple[str, str, str]) -> Parameters:
        account, region, name = key
        clusters = [cluster.cluster_name for cluster in _memorydb().clusters.values() if cluster.acl_name == name]
        return {
            "Name": name,
            "Status": "active",
            "UserNames": self._users.get(key, ["default"]),
            "MinimumEngineVersion": "6.2",
            "Clusters": clusters,
            "ARN": f"arn:aws:memorydb:{region}:{account}:acl/{name}",
        }


def _key(name: str) -> tuple[str, str, str]:
    return server.current_account(), server.current_region(), name


def _memorydb() -> Any:
    return backend("memorydb", server.current_account(), server.current_region())


def _update_subnet_group(parameters: Parameters) -> Parameters:
    group = _memorydb().subnet_groups.get(parameters["SubnetGroupName"])
    if group is None:
        raise RefusedError("SubnetGroupNotFoundFault", f"Subnet group {parameters['SubnetGroupName']} does not exist.")
    group.subnet_ids = parameters.get("SubnetIds") or group.subnet_ids
    group.description = parameters.get("Description", group.description)
    told: Parameters = {"SubnetGroup": group.to_dict()}
    return told


def _sound_passwords(parameters: Parameters) -> None:
    """https://docs.aws.amazon.com/memorydb/latest/devguide/clusters.acls.html ("Password constraints")."""
    for password in parameters.get("AuthenticationMode", {}).get("Passwords", []):
        if not _LEAST <= len(password) <= _MOST or set(password) & _REFUSED:
            raise RefusedError(
                "InvalidParameterValueException",
                f'Passwords must have {_LEAST} to {_MOST} printable characters, and none of , " / @',
            )


def _known_users(names: list[str]) -> list[str]:
    for name in names:
        if name not in _memorydb().users:
            raise RefusedError("UserNotFoundFault", f"User {name} does not exist.")
    return list(names)
