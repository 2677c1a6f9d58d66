"""Every metric the page tells, with its type and its meaning: the one file in which names are typed."""

from __future__ import annotations

from enum import Enum


class Metric(Enum):
    """Name, type, help."""

    ENGINE_TIME = ("tocsin_engine_time_seconds", "gauge", "Engine time, in seconds since 1970.")
    ENGINE_LAG = ("tocsin_engine_lag_seconds", "gauge", "How far engine time is behind the clock.")
    JOB_BEAT = ("tocsin_job_last_sign_of_life_seconds", "gauge", "When each job last advanced, since 1970.")
    JOB_BEHIND = ("tocsin_job_backlog", "gauge", "What each job still has to do.")
    PROBLEMS = ("tocsin_problems", "gauge", "Problems that tocsin status tells.")
    ALERTS_OPEN = ("tocsin_alerts_open", "gauge", "Open alerts by severity.")
    BLIND = ("tocsin_blind", "gauge", "Rules and alerts that see less than half of what they should.")
    LEDGER_EVENTS = ("tocsin_ledger_events_total", "counter", "Events in the ledger.")
    KEYS = ("tocsin_watch_keys", "gauge", "Keys of all watches by state.")
    FEEDS = ("tocsin_feeds", "gauge", "Feeds by state.")
    DELIVERIES_OPEN = ("tocsin_deliveries_open", "gauge", "Messages not yet delivered.")
    DELIVERIES_DEAD = ("tocsin_deliveries_dead_day", "gauge", "Messages of the last day that were never delivered.")
    DEAD_LETTERS = ("tocsin_dead_letters_open", "gauge", "Open dead letters by stage and reason.")
    PAGE_BEHIND = ("tocsin_page_records_behind", "gauge", "Records of signals this page has not taken in yet.")
