"""moto's MemoryDB, as templates write what it holds."""

from __future__ import annotations

from typing import Any

from rehearsal.aws.adapters import server
from rehearsal.aws.adapters.moto_server import backend
from rehearsal.aws.adapters.reach import reach

OF_CLUSTERS = (
    "ACLName",
    "NodeType",
    "NumReplicasPerShard",
    "NumShards",
    "ParameterGroupName",
    "SecurityGroupIds",
    "SnapshotRetentionLimit",
)


def cluster(name: str) -> dict[str, Any] | None:
    """The settings of a cluster that can be changed (OF_CLUSTERS), or None where there is none of that name."""
    found = backend("memorydb", server.current_account(), server.current_region()).clusters.get(name)
    if found is None:
        return None
    return {
        "ACLName": found.acl_name,
        "NodeType": found.node_type,
        "NumReplicasPerShard": found.num_replicas_per_shard,
        "NumShards": found.num_shards,
        "ParameterGroupName": found.parameter_group_name,
        "SecurityGroupIds": list(found.security_group_ids),
        "SnapshotRetentionLimit": found.snapshot_retention_limit,
    }


reach("moto.memorydb.models", "MemoryDBCluster")
