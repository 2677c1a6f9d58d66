"""The demonstration: invented outlets with eight months of news, served as real feeds and run through the real jobs.

    items.jsonl + quiet.json + outlets.json ──▶ timeline ──▶ feeds on loopback ──▶ poll ▶ extract ▶ decide ──▶ story

Only the clock is not real: it jumps to the next item or hour.
"""
