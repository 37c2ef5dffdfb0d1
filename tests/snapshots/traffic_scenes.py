"""Sessions for the pictures of live traffic and comparisons."""

from __future__ import annotations

from dataclasses import replace

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.post_switch import RollbackOffer
from mlcd_tui.domain.text import Clean
from mlcd_tui.domain.traffic import Judgement, Significance, TrafficReading
from tests.ui.fake_session import FakeSession, can
from tests.ui.samples import FRAUD, NOW
from tests.ui.traffic_samples import mirrored, reading, report


def mirrored_session() -> FakeSession:
    """A blue/green whose traffic is copied, with numbers and a comparison."""
    detail = mirrored()
    detail = replace(detail, rollout=replace(detail.rollout, ref=FRAUD, mirror=100, abilities=can(*Verb)))
    session = FakeSession([detail.rollout])
    session.details[FRAUD] = detail
    session.traffic.readings[FRAUD] = reading()
    session.traffic.reports[FRAUD] = (report(),)
    return session


def blind_session() -> FakeSession:
    """The same where Prometheus does not answer."""
    session = mirrored_session()
    told = Clean("Prometheus at metrics:9090 does not answer: connection refused. Look at [metrics] in the settings.")
    session.traffic.readings[FRAUD] = TrafficReading(NOW, problem=told)
    session.traffic.reports[FRAUD] = ()
    return session


def offered_session() -> FakeSession:
    """The same after a switch to a version that fails."""
    session = mirrored_session()
    told = Clean("v7 of payments/fraud-scorer answers worse since 14:02: 9 % of 420 failed, 1 % of 1,600 before.")
    verdict = Significance(Clean("error rate"), Judgement.WORSE, Clean("9 % against 1 %"))
    session.traffic.offer_back(RollbackOffer(FRAUD, told, Intent(Verb.SWITCH_BACK, FRAUD), NOW, verdict))
    return session
