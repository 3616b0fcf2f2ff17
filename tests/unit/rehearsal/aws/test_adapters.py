"""The private names of ministack and moto that the rehearsal stands on are where they were."""

import importlib
import inspect
import pkgutil

import pytest

import rehearsal.aws.adapters
from rehearsal.aws.adapters.reach import EmulatorChangedError, Patches, reach

ADAPTERS = [module.name for module in pkgutil.iter_modules(rehearsal.aws.adapters.__path__)]


@pytest.mark.parametrize("name", ADAPTERS)
def test_every_adapter_finds_its_names(name: str) -> None:
    """An adapter that lacks a name fails at import with EmulatorChangedError, which names it."""
    importlib.import_module(f"rehearsal.aws.adapters.{name}")


@pytest.mark.parametrize(
    ("module", "kind", "names"),
    [
        ("moto.elbv2.models", "FakeListener", ["_non_default_rules", "default_actions", "certificate", "port"]),
        ("moto.elbv2.models", "FakeLoadBalancer", ["dns_name", "attrs", "listeners", "security_groups"]),
        ("moto.elbv2.models", "FakeTargetGroup", ["targets", "attributes", "matcher", "health_check_path"]),
        ("moto.elbv2.models", "ELBv2Backend", ["load_balancers", "target_groups"]),
        ("moto.elbv2.models", "FakeListener", ["ssl_policy"]),
        ("moto.applicationautoscaling.models", "ApplicationAutoscalingBackend", ["targets", "policies"]),
        ("moto.applicationautoscaling.models", "ApplicationAutoscalingBackend", ["scheduled_actions"]),
        ("moto.applicationautoscaling.models", "FakeScalableTarget", ["arn", "resource_id", "suspended_state"]),
        ("moto.acm.models", "AWSCertificateManagerBackend", ["_certificates"]),
        ("moto.acm.models", "CertBundle", ["sans", "common_name", "status", "in_use_by", "cert", "key", "chain"]),
        ("moto.ec2.models.managed_prefixes", "ManagedPrefixList", ["state", "version", "entries", "max_entries"]),
        ("moto.ec2.models.security_groups", "SecurityGroupRule", ["ip_range", "source_group", "prefix_list_id"]),
        ("moto.memorydb.models", "MemoryDBBackend", ["clusters", "users", "subnet_groups"]),
    ],
)
def test_motos_models_keep_their_attributes(module: str, kind: str, names: list[str]) -> None:
    """Attributes that only instances have, so that no look-up at import can find them missing."""
    source = inspect.getsource(reach(module, kind))
    missing = [name for name in names if f"self.{name}" not in source]
    assert not missing, f"{module}.{kind} has no {missing} any more: rehearsal/aws/adapters must follow"


def test_a_renamed_name_is_one_clear_sentence() -> None:
    with pytest.raises(EmulatorChangedError, match=r"ministack [\d.]+ has no ministack\.services\.alb\._gone any more"):
        reach("ministack.services.alb", "_gone")


def test_a_key_of_a_table_is_reached_like_an_attribute() -> None:
    with pytest.raises(EmulatorChangedError, match=r"SERVICE_HANDLERS\.no-such-service"):
        reach("ministack.app", "SERVICE_HANDLERS", "no-such-service")
    assert callable(reach("ministack.app", "SERVICE_HANDLERS", "ecs"))


def test_patches_are_taken_back_whatever_they_replaced() -> None:
    table = {"a": 1}
    handlers_before = reach("ministack.app", "_MINISTACK_HOST")
    patches = Patches()
    assert patches.entry(table, "a", 2) == 1
    patches.entry(table, "a", 3)
    patches.entry(table, "b", 4)
    assert patches.attribute("ministack.app", "_MINISTACK_HOST", "other") == handlers_before
    assert table == {"a": 3, "b": 4}
    patches.undo()
    assert table == {"a": 1}
    assert reach("ministack.app", "_MINISTACK_HOST") == handlers_before


def test_a_patch_of_something_that_is_gone_is_refused() -> None:
    with pytest.raises(EmulatorChangedError):
        Patches().attribute("ministack.services.ecs", "_gone", None)
