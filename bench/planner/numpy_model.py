"""The planner's model in NumPy, for comparison of results and of speed.

    python3 bench/planner/numpy_model.py BENCH_PLANNER [SCENARIO]

Runs bench_planner, which writes its compiled model, its results and 64 scenarios with their outcomes; computes the same
here in two ways; compares scenario by scenario and median by median; and prints the ratios of time.

  daily   the straightforward way: arrays of scenario x unit x day over the whole horizon, then a running sum
  events  the clever way: arrays of scenario x event, sorted by day, as the compiled model does it

Both are vectorised over scenarios in chunks, give all six outcomes and include the drawing of scenarios, as
bench_planner's time does. Fewer scenarios are timed and scaled: the time per scenario does not depend on their number.
"""

import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

DAY_S = 86400.0
DAILY_CHUNK, DAILY_SCENARIOS = 16, 512
EVENTS_CHUNK, EVENTS_SCENARIOS = 4096, 1 << 18
REPEATS = 3

PHI_Z = np.linspace(-8, 8, 4097)
PHI = np.array([0.5 * math.erfc(-z / math.sqrt(2)) for z in PHI_Z])


class Model:
    def __init__(self, document):
        self.__dict__.update(document)
        used = [unit for unit in self.units if unit["takes_part"]]
        column = lambda name: np.array([unit[name] for unit in used], dtype=float)
        self.index = {name: np.array([u[name] for u in used], dtype=int)
                      for name in ("online_day", "count_factor", "mfu", "hour_price")}
        self.cards, self.peak, self.part = column("cards"), column("peak_flop_per_s"), column("share")
        self.end = np.array([math.inf if u["end_day"] is None else u["end_day"] for u in used])
        self.ramp = column("ramp_days")
        self.watts, self.unit_pue = column("watts"), column("pue")
        self.carbon, self.price = column("carbon_g_per_kwh"), column("price_eur_per_kwh")
        spread = lambda name: np.array([i[name] for i in self.inputs], dtype=float)
        self.low, self.mode, self.high = spread("low"), spread("central"), spread("high")
        self.uniform = np.array([i["uniform"] for i in self.inputs])
        self.europe, self.group_share = spread("europe"), spread("group_share")
        names = sorted({i["group"] for i in self.inputs})
        self.groups = len(names)
        self.group = np.array([names.index(i["group"]) for i in self.inputs])

    def draw(self, random, count):
        common = (self.europe + self.group_share > 0).nonzero()[0]
        u = random.random((count, len(self.inputs)))
        z = np.sqrt(self.europe[common]) * random.standard_normal((count, 1))
        z += np.sqrt(self.group_share[common]) * random.standard_normal((count, self.groups))[:, self.group[common]]
        own = np.maximum(0, 1 - self.europe[common] - self.group_share[common])
        z += np.sqrt(own) * random.standard_normal((count, len(common)))
        u[:, common] = np.interp(z, PHI_Z, PHI)
        width = self.high - self.low
        rise = self.mode - self.low
        triangular = np.where(u * width < rise, self.low + np.sqrt(u * width * rise),
                              self.high - np.sqrt((1 - u) * width * (self.high - self.mode)))
        return np.where(self.uniform, self.low + u * width, triangular)

    def of(self, values, name, otherwise):
        """One common input, as a column; `otherwise` where the model has none."""
        index = self.common[name]
        return np.full((len(values), 1), otherwise) if index < 0 else values[:, index:index + 1]

    def per_unit(self, values, name, otherwise):
        index = self.index[name]
        return np.where(index < 0, otherwise, values[:, np.maximum(index, 0)])

    def rate(self, values):
        return (self.part * self.cards * self.per_unit(values, "count_factor", 1.0) * self.peak *
                self.per_unit(values, "mfu", 0.0))

    def availability(self, values):
        access = self.access
        mtbf = access["mean_time_between_failures_h"] * 3600e3 / max(access["accelerators"], 1)
        write, restart = access["checkpoint_write_s"], access["restart_s"]
        interval = access["checkpoint_interval_s"] or max(1.0, math.sqrt(2 * write * mtbf))
        kept = interval / mtbf / (math.exp(restart / mtbf) * math.expm1((interval + write) / mtbf))
        allocation = 1.0
        if not access["reserved"]:
            wall = 3600 * self.of(values, "wall_time_h", math.nan)
            waits = 3600 * self.of(values, "queue_h", math.nan) * (1 - np.clip(self.of(values, "chained", 0.0), 0, 1))
            allocation = np.maximum(0, wall - restart - write) / (wall + waits)
        return (1 - np.clip(self.of(values, "maintenance", 0.03), 0, 1)) * allocation * kept

    def penalty(self, sites, scale):
        """docs/models/convergence-penalty.md"""
        doublings = np.log2(sites)
        two, four, eight = self.shape["gap_at"]
        fitted = np.where(doublings <= 1, doublings * two,
                          np.where(doublings <= 2, two + (doublings - 1) * (four - two), four + (doublings - 2) * (eight - four)))
        fitted = np.maximum(0, fitted)
        measured = 0.0029 * np.maximum(0, doublings - 1)
        steps = self.shape["steps_factor"]
        optimistic = np.exp(fitted * steps / 0.0375)
        central = np.exp(np.maximum(fitted, measured) * steps / 0.0375)
        published = np.clip(1.20 + 0.05 * self.shape["published_doublings"] + 0.06 * doublings, 1, 1.6)
        pessimistic = np.maximum(central * central, published)
        value = np.where(scale <= 1, optimistic + np.maximum(0, scale) * (central - optimistic),
                         central + np.minimum(scale - 1, 1) * (pessimistic - central))
        return np.where(sites <= 1, 1.0, value)

    def efficiency(self, values, sites, flop_per_s):
        if self.fixed_efficiency > 0:
            return np.full_like(flop_per_s, self.fixed_efficiency)
        shape = self.shape
        sites, flop_per_s = np.maximum(sites, 1), np.maximum(flop_per_s, 1.0)
        line = self.of(values, "wan_gbps", 10.0) * 1e9 / 8
        trip = self.of(values, "round_trip_ms", 0.0) * 1e-3
        payload = shape["payload_bytes"]
        if shape["topology"] == "ring":
            exchange = 2 * (sites - 1) / sites * payload / line + (sites - 1) * trip
        elif shape["topology"] == "hub":
            exchange = 2 * sites * payload / line + trip
        else:
            exchange = (sites - 1) * payload / line + trip
        exchange = np.where(sites <= 1, 0.0, exchange)
        step = 6 * shape["active_parameters"] * shape["batch_tokens"] / flop_per_s
        compute = shape["inner_steps"] * step
        exposed = np.maximum(0, exchange - shape["overlap_steps"] * step)
        waits = np.where(sites > 1, self.of(values, "straggler", 0.0), 0.0)
        return compute / (compute + exposed) * (1 - waits) / (
            self.penalty(sites, self.of(values, "penalty", 0.0)) * shape["batch_penalty"])

    def starts(self, values):
        return np.maximum(0, self.of(values, "coordination_days", 0.0))

    def outcomes(self, values, days):
        """days, accelerator-hours, kWh, euros, euros of electricity, grams"""
        until = np.minimum(days, self.horizon_days)[:, None]
        start, online = self.starts(values), self.per_unit(values, "online_day", -math.inf)
        length = np.maximum(0, np.minimum(self.end, until) - np.maximum(start, online))
        ramp = np.where(online > start, self.ramp, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            length = np.where(ramp <= 0, length, np.where(length >= ramp, length - ramp / 2, length * length / (2 * ramp)))
        hours = length * 24 * self.availability(values) * self.part * self.cards * self.per_unit(values, "count_factor", 1.0)
        pue = np.where(self.unit_pue > 0, self.unit_pue, self.of(values, "pue", 1.0))
        kwh = hours * self.watts * self.of(values, "power", 1.0) * pue / 1000
        return np.stack([days, hours.sum(1), kwh.sum(1), (hours * self.per_unit(values, "hour_price", 0.0)).sum(1),
                         (kwh * self.price * self.of(values, "electricity", 1.0)).sum(1),
                         (kwh * self.carbon * self.of(values, "carbon", 1.0)).sum(1)], axis=1)

    def daily(self, values):
        day = np.arange(math.ceil(self.horizon_days), dtype=float)
        start, online = self.starts(values), self.per_unit(values, "online_day", -math.inf)
        begin = np.maximum(start, online)[:, :, None]
        # scenario x unit x day: the part of the day that the unit runs, and how far it is ramped up
        runs = np.clip(np.minimum(day + 1, self.end[:, None]) - np.maximum(day, begin), 0, 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            level = np.clip((day + 0.5 - online[:, :, None]) / self.ramp[:, None], 0, 1)
        level = np.where(self.ramp[:, None] > 0, level, 1.0)
        rate = (self.rate(values)[:, :, None] * runs * level).sum(axis=1)
        sites = (runs > 0).sum(axis=1)
        available = self.availability(values)
        useful = DAY_S * rate * available * self.efficiency(values, sites, rate * available)
        done = useful.cumsum(axis=1)
        reached = done >= self.target_flop
        last = reached.argmax(axis=1)
        row = np.arange(len(values))
        before = done[row, last] - useful[row, last]
        idle = np.clip(start[:, 0] - last, 0, 1)  # of the day on which the run starts
        with np.errstate(divide="ignore", invalid="ignore"):
            days = last + idle + (1 - idle) * (self.target_flop - before) / useful[row, last]
        return self.outcomes(values, np.where(reached[row, last], days, math.inf))

    def events(self, values):
        count = len(values)
        start = self.starts(values)
        online = self.per_unit(values, "online_day", -math.inf)
        rate, end = self.rate(values), np.broadcast_to(self.end, online.shape)
        runs = end > np.maximum(online, start)
        ramp = self.ramp
        slope = np.where(ramp > 0, rate / np.where(ramp > 0, ramp, 1), 0.0)
        full = online + ramp
        is_full = runs & (full <= start)
        ramping = runs & ~is_full & (online <= start)
        later = runs & (online > start)
        now = lambda mask, what: np.where(mask, what, 0.0).sum(1, keepdims=True)
        with np.errstate(invalid="ignore"):
            state_rate = now(is_full, rate) + now(ramping, slope * (start - online))
        state_slope, state_sites = now(ramping, slope), now(is_full | ramping, 1.0)
        # Only units that something can happen to have events: nearly none in a fleet that runs already.
        parts = []
        unit_comes = self.index["online_day"] >= 0
        unit_ends = np.isfinite(self.end)

        def add(units, mask, at, d_rate, d_slope, d_sites):
            mask = mask[:, units]
            pick = lambda what: np.where(mask, np.broadcast_to(what, online.shape)[:, units], 0.0)
            parts.append((np.where(mask, np.broadcast_to(at, online.shape)[:, units], math.inf), pick(d_rate),
                          pick(d_slope), pick(d_sites)))

        if unit_comes.any():
            add(unit_comes, later, online, np.where(ramp > 0, 0.0, rate), slope, 1.0)
            add(unit_comes & (ramp > 0), later | ramping, full, 0.0, -slope, 0.0)
        if unit_ends.any():
            with np.errstate(invalid="ignore"):
                reached = np.where(slope > 0, np.minimum(rate, slope * (end - online)), rate)
            add(unit_ends, runs, end, -reached, np.where(end < full, -slope, 0.0), -1.0)
        horizon = np.full((count, 1), float(self.horizon_days))
        zero = np.zeros((count, 1))
        joined = [np.concatenate(columns, axis=1) for columns in
                  zip((start, state_rate, state_slope, state_sites), *parts)] if parts else [start, state_rate, state_slope, state_sites]
        at, d_rate, d_slope, d_sites = joined
        at = np.minimum(np.maximum(at, start), horizon)
        if parts:
            order = np.argsort(at, axis=1, kind="stable")
            at, d_rate, d_slope, d_sites = (np.take_along_axis(a, order, 1) for a in (at, d_rate, d_slope, d_sites))
        edges = np.concatenate([at, horizon], axis=1)
        length = np.diff(edges, axis=1)
        slopes, sites = d_slope.cumsum(1), d_sites.cumsum(1)
        # The rate at an event: what jumps added, and what slopes added since the event before.
        grown = np.concatenate([zero, slopes[:, :-1] * length[:, :-1]], axis=1)
        rates = (d_rate + grown).cumsum(1)
        middle = np.maximum(0, rates + slopes * length / 2)
        available = self.availability(values)
        useful = DAY_S * available * self.efficiency(values, np.round(sites), middle * available)
        work = useful * middle * length
        done = work.cumsum(1)
        hit = done >= self.target_flop
        last = hit.argmax(1)
        row = np.arange(count)
        wanted = (self.target_flop - (done[row, last] - work[row, last]))
        with np.errstate(divide="ignore", invalid="ignore"):
            wanted = wanted / useful[row, last]
            r, s = rates[row, last], slopes[row, last]
            days = edges[row, last] + 2 * wanted / (r + np.sqrt(r * r + 2 * s * wanted))
        return self.outcomes(values, np.where(hit[row, last], days, math.inf))


def in_chunks(model, method, scenarios, chunk):
    random = np.random.default_rng(1)
    return np.concatenate([method(model.draw(random, chunk)) for _ in range(scenarios // chunk)])


def timed(model, method, scenarios, chunk):
    """Wall and CPU seconds for a million scenarios, and the outcomes."""
    wall, cpu = [], []
    for _ in range(REPEATS):
        start, used = time.perf_counter(), time.process_time()
        outcomes = in_chunks(model, method, scenarios, chunk)
        wall.append((time.perf_counter() - start) / scenarios * 1e6)
        cpu.append((time.process_time() - used) / scenarios * 1e6)
    return statistics.median(wall), statistics.median(cpu), outcomes


def compare_checks(name, method, checks):
    """The same scenarios by both programs: largest difference in days, and relative difference of the others."""
    values = np.array([check["values"] for check in checks])
    expected = np.array([[math.inf if x is None else x for x in check["outcome"]] for check in checks])
    got = method(values)
    if (np.isinf(got[:, 0]) != np.isinf(expected[:, 0])).any():
        sys.exit(f"{name}: disagrees about which scenarios reach the target")
    finite = np.isfinite(expected[:, 0])
    days = np.abs(got[finite, 0] - expected[finite, 0]).max(initial=0)
    others = np.abs(got[:, 1:] / expected[:, 1:] - 1).max()
    print(f"{name}: on {len(checks)} equal scenarios off by at most {days:.3f} days, {others:.1e} in hours, energy, money")
    if days > 1.5 or others > 0.02:
        sys.exit(f"{name}: not the same model")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    scenario = sys.argv[2] if len(sys.argv) > 2 else "existing-fleet"
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "model.json")
        subprocess.run([sys.argv[1], scenario, "1000000", file], check=True)
        with open(file) as text:
            document = json.load(text)
    model, results = Model(document["model"]), document["results"]
    compare_checks("daily ", model.daily, document["checks"])
    compare_checks("events", model.events, document["checks"])
    million = results["scenarios"] / 1e6
    cases = [("daily ", model.daily, DAILY_SCENARIOS, DAILY_CHUNK), ("events", model.events, EVENTS_SCENARIOS, EVENTS_CHUNK)]
    for name, method, scenarios, chunk in cases:
        wall, cpu, outcomes = timed(model, method, scenarios, chunk)
        ratios = ", ".join(f"{wall * million / seconds:.0f} times {threads} thread(s)"
                           for threads, seconds in results["seconds_by_threads"].items())
        median = np.quantile(outcomes[:, 0], 0.5, method="inverted_cdf")
        print(f"NumPy {np.__version__} {name}: {wall:.1f} s a million (from {scenarios}), {ratios}; CPU time {cpu:.1f} s, "
              f"{cpu * million / results['cpu_seconds']:.1f} times; median day {median:.1f}, "
              f"compiled {results['median_day'] or math.inf:.1f}")
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    if results["median_day"] is not None and abs(median - results["median_day"]) > 1.5:
        sys.exit("the medians of the event version and of the compiled model differ by more than a day and a half")


if __name__ == "__main__":
    main()
