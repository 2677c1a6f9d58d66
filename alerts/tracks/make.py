"""The detectors of a rule → their tracks."""

from __future__ import annotations

from alerts.rules.model import (
    Cusum,
    Detector,
    Drop,
    New,
    Ratio,
    Record,
    Rule,
    Shift,
    SourcesPart,
    Spike,
    Threshold,
    Zscore,
)
from alerts.tracks.cusum import CusumTrack
from alerts.tracks.drop import DropTrack
from alerts.tracks.expecting import ExpectingTrack
from alerts.tracks.new import NewTrack
from alerts.tracks.port import Track
from alerts.tracks.recent import RecentTrack
from alerts.tracks.shift import ShiftTrack
from alerts.tracks.spike import SpikeTrack
from alerts.tracks.spike_banks import SharedBanks
from alerts.tracks.threshold import ThresholdTrack


def make_tracks(rule: Rule, banks: SharedBanks) -> tuple[Track, ...]:
    """Return a blank track for each detector of ``rule``, in its order; ``banks`` are those of the engine."""
    tracks = tuple(_make(detector, index, banks) for index, detector in enumerate(rule.when))
    for track, detector in zip(tracks, rule.when, strict=True):
        if isinstance(track, ExpectingTrack):
            track.floor.whose = _whose(rule, detector)
    return tracks


def _whose(rule: Rule, detector: Detector) -> tuple[SourcesPart, ...]:
    """Return what publishers must be to fill a floor of ``detector``; that of a shift is the floor of its part."""
    parts = (rule.watch.sources, detector.to.sources if isinstance(detector, Shift) else None)
    return tuple(part for part in parts if part is not None)


def _make(detector: Detector, index: int, banks: SharedBanks) -> Track:
    if isinstance(detector, Spike):
        return SpikeTrack(detector, index, banks)
    if isinstance(detector, Drop):
        return DropTrack(detector, index, banks)
    if isinstance(detector, Cusum):
        return CusumTrack(detector, index, banks)
    if isinstance(detector, Shift):
        return ShiftTrack(detector, index)
    if isinstance(detector, Threshold):
        return ThresholdTrack(detector, index)
    if isinstance(detector, New):
        return NewTrack(detector, index)
    return RecentTrack(detector, index)


def exchange_settings(track: Track, detector: Detector) -> None:
    """Let ``track`` go on under ``detector``, whose memory settings are those it has."""
    match track, detector:
        case (SpikeTrack(), Spike()):
            track.exchange(detector)
        case (DropTrack(), Drop()):
            track.exchange(detector)
        case (CusumTrack(), Cusum()):
            track.exchange(detector)
        case (ShiftTrack(), Shift()):
            track.exchange(detector)
        case (RecentTrack(), Ratio() | Zscore() | Record()):
            track.exchange(detector)
        case (ThresholdTrack(), Threshold()):
            track.exchange(detector)
        case (NewTrack(), New()):
            track.exchange(detector)
        case _:
            raise TypeError(f"{type(detector).__name__} cannot go on in a {type(track).__name__}")
