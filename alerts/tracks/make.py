"""The detectors of a rule → their tracks."""

from __future__ import annotations

from alerts.rules.model import Detector, New, Rule, Spike, Threshold
from alerts.tracks.new import NewTrack
from alerts.tracks.port import Track
from alerts.tracks.spike import SpikeTrack
from alerts.tracks.spike_banks import SharedBanks
from alerts.tracks.threshold import ThresholdTrack


def make_tracks(rule: Rule, banks: SharedBanks) -> tuple[Track, ...]:
    """Return a blank track for each detector of ``rule``, in its order; ``banks`` are those of the engine."""
    return tuple(_make(detector, index, banks) for index, detector in enumerate(rule.when))


def _make(detector: Detector, index: int, banks: SharedBanks) -> Track:
    if isinstance(detector, Spike):
        return SpikeTrack(detector, index, banks)
    if isinstance(detector, Threshold):
        return ThresholdTrack(detector, index)
    return NewTrack(detector, index)


def exchange_settings(track: Track, detector: Detector) -> None:
    """Let ``track`` go on under ``detector``, whose memory settings are those it has."""
    match track, detector:
        case (SpikeTrack(), Spike()):
            track.exchange(detector)
        case (ThresholdTrack(), Threshold()):
            track.exchange(detector)
        case (NewTrack(), New()):
            track.exchange(detector)
        case _:
            raise TypeError(f"{type(detector).__name__} cannot go on in a {type(track).__name__}")
