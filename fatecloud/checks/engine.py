"""Judges what was observed against what should be. Pure: time comes in with the facts.

The engine does what every check would otherwise repeat: an absent fact becomes one unknown finding, a failed
prerequisite skips the checks that rest on it, a crash costs one check, and a finding names those that explain it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from fatecloud.checks.booting import coming_up
from fatecloud.checks.causes import explain, without_held
from fatecloud.checks.codes import CHECK_CRASHED, ENGINE_CODES, FACT_ABSENT, NODE_CODES
from fatecloud.checks.edges import concerns, needed_by, whole_way
from fatecloud.checks.holders import runs_under_way
from fatecloud.checks.order import in_order, prerequisites
from fatecloud.checks.pending import ALL, as_deployed
from fatecloud.checks.settle import settling_services
from fatecloud.checks.spare import lowered
from fatecloud.checks.trusted import UNTRUSTED
from fatecloud.checks.under_way import UnderWay, under_way
from fatecloud.model.check import PENDING, CheckSpec, Code, FactAbsent, NodeView, ServiceView, Unjudged
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.finding import Finding, Report, Skipped, Subject, probe_source
from fatecloud.model.identity import ServiceId
from fatecloud.model.observed import NodeFacts, Observed, Unreachable
from fatecloud.model.remedy import Ask, look
from fatecloud.model.trust import RECORDS

_SEVERITY = {code.name: code.severity for code in NODE_CODES}
JUMP_HOST = "JUMP_HOST_FAILED"
EVERY_CHECK = "every check"


def judge(
    desired: Desired,
    observed: Observed,
    specs: Sequence[CheckSpec],
    settle_seconds: float = 0,
    *,
    selected: Collection[str] | None = None,
    ahead: bool = False,
) -> Report:
    """Run all checks.

    Args:
        desired: the whole cluster.
        observed: one pass over its nodes; a node that was not read is not judged.
        specs: the checks.
        settle_seconds: how long after a start a service's runtime findings are held back; with 0, what a
            run is changing at this moment is judged as well.
        selected: keys of the services to report on; what explains their findings stays in. None for everything.
        ahead: judge what the next deploy brings, and not what the last one brought.
    """
    desired = desired if ahead else as_deployed(desired, observed)
    work = under_way(desired, observed) if settle_seconds > 0 else UnderWay()
    settling = settling_services(desired, observed, settle_seconds) | work.changing | work.shaken
    bench = _Bench(desired, observed, specs, settling | coming_up(desired, observed), work)
    for name in sorted(desired.cluster.nodes):
        reading = observed.nodes.get(name)
        if isinstance(reading, Unreachable):
            bench.lost(reading)
        elif reading is not None:
            bench.judge_node(reading)
    codes = {code.name: code for code in (*ENGINE_CODES, *(code for spec in specs for code in spec.codes))}
    found = [*bench.findings, *bench.absent_findings()]
    less = lowered(found, codes, desired, observed)
    # What is held back explains all the same: otherwise what depends on a service that comes up would lead.
    explained = explain([*(less.get(finding.id, finding) for finding in found), *bench.held], codes, desired, less)
    findings = without_held(explained, {finding.id for finding in bench.held}, codes)
    passed, skipped, exposures = bench.passed, bench.skipped, bench.exposures
    if selected is not None:
        findings = _about(findings, desired, selected)
        subjects = {str(s) for s in _subjects(desired, selected)}
        passed = [subject for subject in passed if str(subject) in subjects]
        skipped = [entry for entry in skipped if str(entry.subject) in subjects]
        exposures = [exposure for exposure in exposures if str(exposure.subject) in subjects]
    return Report(
        cluster=desired.cluster.name,
        taken=observed.taken,
        seconds=observed.seconds,
        passed=len(passed),
        findings=tuple(findings),
        skipped=tuple(skipped),
        settling=tuple(key for key in sorted(settling) if selected is None or key in selected),
        runs=runs_under_way(observed),
        exposures=tuple(exposures),
    )


class _Bench:
    """Collects the outcome of check after check."""

    def __init__(
        self,
        desired: Desired,
        observed: Observed,
        specs: Sequence[CheckSpec],
        settling: Collection[str],
        work: UnderWay,
    ) -> None:
        self.desired, self.observed, self.settling, self.work = desired, observed, settling, work
        self.specs = in_order(specs)
        self.findings: list[Finding] = []
        self.held: list[Finding] = []
        self.exposures: list[Finding] = []
        self.skipped: list[Skipped] = []
        self.passed: list[Subject] = []
        self._absent: dict[Subject, list[str]] = {}
        self._jumps: dict[str, str] = {}

    def lost(self, reading: Unreachable) -> None:
        """Record one finding for a node that returned no document; its services are not judged."""
        subject = Subject(node=reading.node)
        remedy = reading.remedies
        severity = _SEVERITY.get(reading.code, "unknown")
        finding = Finding(reading.code, severity, subject, reading.message, remedy=remedy, source="collector")
        if reading.code == JUMP_HOST:
            # One jump host, one problem: the first node's finding explains those of the other nodes behind it.
            first = self._jumps.setdefault(reading.message, finding.id)
            finding = finding if first == finding.id else replace(finding, caused_by=(first,))
        self.findings.append(finding)
        for service in self.desired.on_node(reading.node):
            ident = service.id
            self.skipped.append(Skipped(EVERY_CHECK, Subject(ident.owner, ident.node, ident.key), reading.code))

    def judge_node(self, facts: NodeFacts) -> None:
        """All checks of a node, then all of each of its services."""
        view = NodeView(self.desired, self.observed, facts, settling=frozenset(self.settling))
        blocked = self._judge(view, None, {})
        for service in self.desired.on_node(facts.node):
            self._judge(ServiceView(self.desired, self.observed, facts, service), service, blocked)

    def absent_findings(self) -> list[Finding]:
        """One finding per subject whose readings were missing."""
        return [
            Finding(
                FACT_ABSENT.name,
                FACT_ABSENT.severity,
                subject,
                f"the check could not run: {reasons[0]}" + (f" (and {len(reasons) - 1} more)" if reasons[1:] else ""),
                remedy=(look(f"fatecloud explain {FACT_ABSENT.name}"),),
                evidence=tuple(reasons),
                source="collector",
            )
            for subject, reasons in self._absent.items()
        ]

    def _judge(self, view: NodeView, service: DesiredService | None, inherited: dict[str, str]) -> dict[str, str]:
        """Judge a service or its node. Returns code -> reason of every prerequisite that does not hold for it."""
        blocked = dict(inherited)
        for spec in self.specs:
            if not spec.is_for(service):
                continue
            if service is not None and ALL in service.undeployed and PENDING not in {code.name for code in spec.codes}:
                self.skipped.append(Skipped(spec.name, view.subject, PENDING))
                continue
            reason = next((blocked[code] for code in prerequisites(spec) if code in blocked), None)
            # What rests on a failed check is not judged: its findings would only repeat that one.
            if reason is not None:
                self.skipped.append(Skipped(spec.name, view.subject, reason))
                blocked |= {code.name: reason for code in spec.codes if code.name not in blocked}
                continue
            blocked |= self._run(spec, view, blocked)
        return blocked

    def _run(self, spec: CheckSpec, view: NodeView, blocked: Mapping[str, str]) -> dict[str, str]:
        found: list[Finding] = []
        try:
            found.extend(spec.function(view))
        # What was not read is unknown, and neither well nor broken.
        except FactAbsent as absent:
            if UNTRUSTED.name in blocked and str(absent).partition(":")[0] in RECORDS:
                self.skipped.append(Skipped(spec.name, view.subject, UNTRUSTED.name))
                return self._raised(found, spec)
            self._note_absent(view, str(absent))
            return self._raised(found, spec)
        except Unjudged as reason:
            self.skipped.append(Skipped(spec.name, view.subject, str(reason)))
            return self._raised(found, spec)
        except Exception as error:  # noqa: BLE001 - a broken check must not cost the answers of the others
            symptom = f"check {spec.name} failed: {type(error).__name__}: {error}"
            remedy = (
                look("fatecloud check --save-facts facts.json"),
                Ask("the project", "find the cause, and send the file that the command writes"),
            )
            crash = Finding(CHECK_CRASHED.name, CHECK_CRASHED.severity, view.subject, symptom, remedy=remedy)
            self.findings.append(crash)
            return self._raised(found, spec)
        faults = self._raised(found, spec)
        if not faults:
            self.passed.append(view.subject)
        return faults

    def _raised(self, found: list[Finding], spec: CheckSpec) -> dict[str, str]:
        settles = {code.name: code for code in spec.codes if code.settles}
        # Exposures follow from the release and the inventory, so they must not turn every check into a warning.
        faults = [f for f in found if f.severity != "exposure"]
        self.exposures += [f for f in found if f.severity == "exposure"]
        for fault in faults:
            held = self.work.covers(fault) or (fault.code in settles and self._settles(fault, settles[fault.code]))
            (self.held if held else self.findings).append(fault)
        return {finding.code: finding.code for finding in faults}

    def _settles(self, finding: Finding, code: Code) -> bool:
        """Whether fatecloud or a boot has just started the finding's service, or all that it is about."""
        key, parts = finding.subject.service, finding.about.split() or self._asked(finding)
        return (
            key in self.settling
            or (code.noted and not needed_by(self.desired, key).isdisjoint(self.settling))
            or (code.far and any(one.key in self.settling for one in self._way(finding, code)))
            or (bool(parts) and all(any(concerns(part, one) for one in self.settling) for part in parts))
        )

    def _way(self, finding: Finding, code: Code) -> list[ServiceId]:
        service, abouts = self.desired.services.get(finding.subject.service), finding.about.split() or [""]
        ways = [whole_way(service, about, code.explained_by, self.desired) for about in abouts] if service else []
        return [one for way in ways for one in way]

    def _asked(self, finding: Finding) -> list[str]:
        """The neighbours that the finding's probe asked: one may have come up again before it was looked at itself."""
        service = self.desired.services.get(finding.subject.service)
        return [edge.target for edge in service.edges if finding.source == probe_source(edge.probe)] if service else []

    def _note_absent(self, view: NodeView, reason: str) -> None:
        # A fact that failed as a whole is the node's problem: reported once, not once per service.
        whole = view.facts.facts.get(reason.partition(":")[0])
        subject = Subject(node=view.facts.node) if whole is not None and not whole.ok else view.subject
        reasons = self._absent.setdefault(subject, [])
        if reason not in reasons:
            reasons.append(reason)


def _subjects(desired: Desired, selected: Collection[str]) -> set[Subject]:
    services = [desired.services[key].id for key in selected]
    return {Subject(s.owner, s.node, s.key) for s in services} | {Subject(node=s.node) for s in services}


def _about(findings: Sequence[Finding], desired: Desired, selected: Collection[str]) -> list[Finding]:
    by_id = {finding.id: finding for finding in findings}
    keep = {f.id for f in findings if f.subject in _subjects(desired, selected)}
    waiting = list(keep)
    while waiting:
        causes = set(by_id[waiting.pop()].caused_by) - keep
        keep |= causes
        waiting += causes
    return [finding for finding in findings if finding.id in keep]
