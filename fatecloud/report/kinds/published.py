"""The kinds of documents. The published schema is generated from their types."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fatecloud.report.kinds.computing import SessionList
from fatecloud.report.kinds.controller import SandboxList, VersionDocument
from fatecloud.report.kinds.export import CheckExport, Diagnosis
from fatecloud.report.kinds.figures import JobMetricList, JobSummary
from fatecloud.report.kinds.finding import CheckReport, FindingCode, FindingCodeList, PreflightReport
from fatecloud.report.kinds.inventory import (
    InventoryDocument,
    InventoryValidation,
    ObjectList,
    SecretList,
    SigningKey,
    UnneededObjectList,
)
from fatecloud.report.kinds.job import Job, JobLedger, JobList
from fatecloud.report.kinds.letter import RequirementsLetter
from fatecloud.report.kinds.mute import MuteList
from fatecloud.report.kinds.outage import OutageForecast
from fatecloud.report.kinds.plan import DeployPlan
from fatecloud.report.kinds.release import ReleaseDocument, ReleaseList, StoreVerification
from fatecloud.report.kinds.resources import ResourceList
from fatecloud.report.kinds.route import RouteFlawList, RouteTableList, RouteWayList
from fatecloud.report.kinds.route_trial import RouteTest
from fatecloud.report.kinds.run import ClusterList, Run, RunList, SmokeTest
from fatecloud.report.kinds.serving import ServingCache, ServingChangeDocument, ServingModelList, ServingPrediction
from fatecloud.report.kinds.status import ClusterStatus, LogEntry
from fatecloud.report.kinds.trained import ModelChangeDocument

KINDS: Mapping[str, type] = MappingProxyType(
    {
        "CheckReport": CheckReport,
        "CheckExport": CheckExport,
        "Diagnosis": Diagnosis,
        "PreflightReport": PreflightReport,
        "RequirementsLetter": RequirementsLetter,
        "ClusterStatus": ClusterStatus,
        "MuteList": MuteList,
        "OutageForecast": OutageForecast,
        "RouteTableList": RouteTableList,
        "RouteFlawList": RouteFlawList,
        "RouteWayList": RouteWayList,
        "RouteTest": RouteTest,
        "JobList": JobList,
        "Job": Job,
        "JobLedger": JobLedger,
        "JobMetricList": JobMetricList,
        "JobSummary": JobSummary,
        "SessionList": SessionList,
        "ServingModelList": ServingModelList,
        "ServingPrediction": ServingPrediction,
        "ServingChange": ServingChangeDocument,
        "ServingCache": ServingCache,
        "ModelChange": ModelChangeDocument,
        "DeployPlan": DeployPlan,
        "LogEntry": LogEntry,
        "Inventory": InventoryDocument,
        "InventoryValidation": InventoryValidation,
        "ResourceList": ResourceList,
        "SecretList": SecretList,
        "ObjectList": ObjectList,
        "UnneededObjectList": UnneededObjectList,
        "SigningKey": SigningKey,
        "ReleaseList": ReleaseList,
        "Release": ReleaseDocument,
        "StoreVerification": StoreVerification,
        "SandboxList": SandboxList,
        "FindingCodeList": FindingCodeList,
        "FindingCode": FindingCode,
        "RunList": RunList,
        "Run": Run,
        "ClusterList": ClusterList,
        "SmokeTest": SmokeTest,
        "Version": VersionDocument,
    }
)
"""`kind` -> the fields of such a document, in addition to `apiVersion` and `kind`."""
