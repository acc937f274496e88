"""Solves placements with OR-Tools' CP-SAT and compares with what the period search found.

Usage: node test/bench/start.mjs cp-sat-placements 1 300 > placements.jsonl
       node test/bench/start.mjs exact-cases 1 640 > placements.jsonl     (whole schedules, too)
       python3 test/bench/cp-sat-agreement.py placements.jsonl [seconds per solve]

Needs the Python package ortools; without it, it says so and ends. Exit code 1: a disagreement.

Model, for a period T and q micro-batches in it: block b of micro-batch c starts at s + T * k with
0 <= s < T. Dependencies are linear in these starts. A device is exclusive when the intervals at s and
at s + T of all its blocks do not overlap. Memory right after a change at f: each change e has happened
floor((f - e) / T) times, up to a number that cancels, which is linear in the k and in whether e's
phase comes after f's. Written from these definitions, not from the search.

A whole schedule: one start for every block of every micro-batch, devices exclusive, memory a reservoir.
Equal micro-batches may be exchanged, so each block takes them in order.
"""
import json
import math
import sys
import time
from collections import Counter

try:
    import ortools
    from ortools.sat.python import cp_model
except ImportError:
    print("skipped: the Python package ortools is not installed")
    sys.exit(0)

SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 20.0


def changes_of(placement, block):
    """Memory of a block's devices: at its start, at its end."""
    memory, workspace = block.get("memory", 0), block.get("workspace", 0)
    late = memory < 0 and placement.get("memoryRelease", "end") == "end"
    return workspace + (0 if late else memory), (memory if late else 0) - workspace


class Model:
    def __init__(self, placement, period, copies):
        self.placement, self.period = placement, period
        self.model = cp_model.CpModel()
        self.nodes = [(c, b) for c in range(copies) for b in placement["blocks"]]
        # Enough that no block has to come earlier than it can: every tight chain fits.
        most = 2 * len(self.nodes) + 2
        self.phase, self.turn = {}, {}
        for c, block in self.nodes:
            key = (c, block["id"])
            self.phase[key] = self.model.NewIntVar(0, period - 1, "")
            self.turn[key] = self.model.NewIntVar(0, most, "")
        first = (0, placement["blocks"][0]["id"])
        self.model.Add(self.phase[first] == 0)
        self.dependencies(copies)
        self.devices()

    def start(self, key):
        return self.phase[key] + self.period * self.turn[key]

    def dependencies(self, copies):
        duration = {b["id"]: b["duration"] for b in self.placement["blocks"]}
        for edge in self.placement.get("dependencies", []):
            gap = duration[edge["from"]] + edge.get("latency", 0)
            for c in range(copies):
                self.model.Add(self.start((c, edge["to"])) >= self.start((c, edge["from"])) + gap)

    def devices(self):
        for device in self.placement["devices"]:
            intervals = []
            for c, block in self.nodes:
                if device["name"] in block["devices"]:
                    s, d = self.phase[(c, block["id"])], block["duration"]
                    for base in (0, self.period):
                        intervals.append(self.model.NewFixedSizeIntervalVar(s + base, d, ""))
            self.model.AddNoOverlap(intervals)

    def events(self, device):
        """(change, phase, turn) of every change on a device; phases in 0..T-1."""
        result = []
        for c, block in self.nodes:
            if device not in block["devices"]:
                continue
            key = (c, block["id"])
            at_start, at_end = changes_of(self.placement, block)
            if at_start != 0:
                result.append((at_start, self.phase[key], self.turn[key]))
            if at_end != 0:
                phase = self.model.NewIntVar(0, self.period - 1, "")
                wraps = self.model.NewIntVar(0, 1 + block["duration"] // self.period, "")
                end = self.phase[key] + block["duration"]
                self.model.Add(phase + self.period * wraps == end)
                result.append((at_end, phase, self.turn[key] + wraps))
        return result

    def levels(self, device):
        """The level right after each positive change; between them it only falls."""
        events = self.events(device)
        for change, phase, _ in events:
            if change < 0:
                continue
            level = 0
            for other, when, turn in events:
                later = self.model.NewBoolVar("")
                self.model.Add(when > phase).OnlyEnforceIf(later)
                self.model.Add(when <= phase).OnlyEnforceIf(later.Not())
                level += other * (-turn - later)
            yield level

    def limit(self):
        for device in self.placement["devices"]:
            if "memory" in device:
                for level in self.levels(device["name"]):
                    self.model.Add(level <= device["memory"])

    def least_peak(self):
        most = 100 * sum(abs(b.get("memory", 0)) + b.get("workspace", 0) for _, b in self.nodes)
        peak = self.model.NewIntVar(0, most, "")
        for device in self.placement["devices"]:
            for level in self.levels(device["name"]):
                self.model.Add(level <= peak)
                if "memory" in device:
                    self.model.Add(level <= device["memory"])
        self.model.Minimize(peak)

    def solve(self):
        """True, False or None: not decided; and the objective."""
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = SECONDS
        solver.parameters.num_workers = 2
        solver.parameters.random_seed = 1
        status = solver.Solve(self.model)
        if status == cp_model.OPTIMAL:
            return True, solver.ObjectiveValue() if self.model.HasObjective() else None
        return (False, None) if status == cp_model.INFEASIBLE else (None, None)


class Whole:
    """The least makespan of a number of micro-batches."""

    def __init__(self, placement, copies, longest):
        self.model = model = cp_model.CpModel()
        blocks = {b["id"]: b for b in placement["blocks"]}
        start = {(c, b): model.NewIntVar(0, longest, "") for c in range(copies) for b in blocks}
        end = {key: at + blocks[key[1]]["duration"] for key, at in start.items()}
        for (c, b), at in start.items():
            if c > 0:
                model.Add(start[(c - 1, b)] <= at)
        for edge in placement.get("dependencies", []):
            for c in range(copies):
                gap = edge.get("latency", 0)
                model.Add(start[(c, edge["to"])] >= end[(c, edge["from"])] + gap)
        for device in placement["devices"]:
            own = [key for key in start if device["name"] in blocks[key[1]]["devices"]]
            size = {key: blocks[key[1]]["duration"] for key in own}
            model.AddNoOverlap([model.NewFixedSizeIntervalVar(start[k], size[k], "") for k in own])
            if "memory" in device:
                times, amounts = [], []
                for key in own:
                    at_start, at_end = changes_of(placement, blocks[key[1]])
                    times += [start[key], end[key]]
                    amounts += [at_start, at_end]
                least = -sum(abs(amount) for amount in amounts)
                model.AddReservoirConstraint(times, amounts, least, device["memory"])
        self.makespan = model.NewIntVar(0, longest, "")
        model.AddMaxEquality(self.makespan, list(end.values()))
        model.Minimize(self.makespan)

    def solve(self):
        """Status by name, the best makespan, a bound of it."""
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = SECONDS
        solver.parameters.num_workers = 2
        solver.parameters.random_seed = 1
        status = solver.Solve(self.model)
        found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
        best = round(solver.ObjectiveValue()) if found else None
        return solver.StatusName(status), best, math.ceil(solver.BestObjectiveBound() - 1e-6)


def compare_whole(record):
    if "microBatches" not in record:
        return None
    placement, copies = record["placement"], record["microBatches"]
    if "failure" in record:
        status, best, _ = Whole(placement, copies, 2 * copies * serial(placement)).solve()
        if status == "INFEASIBLE":
            return "agrees: " + record["failure"]
        if best is None:
            return "undecided"
        return "disagrees" if record["failure"] == "placement-infeasible" else "none found, one exists"
    status, best, bound = Whole(placement, copies, record["makespan"]).solve()
    if best is not None and best < record["makespanLowerBound"]:
        return "disagrees"
    if record["makespanStatus"] == "optimal":
        if best is not None and best < record["makespan"]:
            return "disagrees"
        return "agrees: least" if bound == record["makespan"] else "undecided"
    if best is not None and best < record["makespan"]:
        record["better"] = best
        return "agrees: not proved, not least"
    return "agrees: not proved, least" if bound == record["makespan"] else "undecided, not proved"


def fits(placement, period, copies):
    if max(b["duration"] for b in placement["blocks"]) > period:
        return False
    model = Model(placement, period, copies)
    model.limit()
    return model.solve()[0]


def least_period(placement, copies, longest):
    """The least period up to `longest`: a number, None (there is none) or "undecided".

    Of many periods only some are tried: the shortest, the two longest and a few between.
    """
    load = Counter()
    for block in placement["blocks"]:
        for device in block["devices"]:
            load[device] += block["duration"] * copies
    periods = range(max(load.values()), longest + 1)
    if len(periods) > 64:
        few = {periods[0] + (longest - periods[0]) * part // 8 for part in range(9)}
        periods = sorted(few | {longest - 1})
    for period in periods:
        fitting = fits(placement, period, copies)
        if fitting is None:
            return "undecided"
        if fitting:
            return period
    return None


def serial(placement):
    work = sum(b["duration"] for b in placement["blocks"])
    return work + sum(e.get("latency", 0) for e in placement.get("dependencies", []))


def compare_period(record):
    if "failure" in record:
        return record["failure"]
    placement, status = record["placement"], record["status"]
    if "boundEach" in record:
        return compare_rate(record)
    if status == "infeasible":
        found = fits(placement, serial(placement), 1)
        return "undecided" if found is None else "disagrees" if found else "agrees: infeasible"
    if status == "heuristic":
        return "nothing found by the search"
    period, copies = record["period"], record["microBatchesPerPeriod"]
    least = least_period(placement, copies, period)
    if least == "undecided":
        return least
    rate = period / copies
    bound = record["lowerBound"]["numerator"] / record["lowerBound"]["denominator"]
    if least is None or least / copies < bound - 1e-9:
        return "disagrees"
    if status == "optimal":
        for other in {1, 2} - {copies}:
            if fits(placement, math.ceil(rate * other) - 1, other):
                return "disagrees"
        return "agrees: least period" if least == period else "disagrees"
    if record["leastForOne"] and copies == 1 and least != period:
        return "disagrees"
    if least != period:
        return "agrees: not proved, not least"
    for other in {1, 2} - {copies}:
        if fits(placement, math.ceil(rate * other) - 1, other):
            return f"agrees: not proved, {other} per period would be better"
    return "agrees: not proved, least for 1 and 2 per period"


def compare_rate(record):
    """Whether up to three micro-batches per period take less for each."""
    placement, bound = record["placement"], record["boundEach"]
    period, copies = record["period"], record["microBatchesPerPeriod"]
    undecided = False
    for other in (1, 2, 3):
        most = (period * other - 1) // copies
        found = least_period(placement, other, most)
        if found == "undecided":
            undecided = True
        elif found is not None:
            is_contrary = found * bound["denominator"] < bound["numerator"] * other
            if record["status"] == "optimal" or other <= record.get("leastUpTo", 0) or is_contrary:
                return "disagrees"
            record["betterPeriod"] = f"{found}/{other}"
            return "agrees: not proved, not least"
    if undecided:
        return "undecided"
    proved = record["status"] == "optimal"
    return "agrees: least of all" if proved else "agrees: not proved, least for up to three per period"


def compare_peak(record):
    if "peak" not in record or record.get("period") is None:
        return None
    model = Model(record["placement"], record["period"], record["microBatchesPerPeriod"])
    model.least_peak()
    solved, peak = model.solve()
    if solved is None:
        return "undecided"
    if not solved or record["peak"] < peak:
        return "disagrees"
    if record["leastPeak"]:
        return "agrees: least peak" if record["peak"] == peak else "disagrees"
    return "agrees: not proved, least" if record["peak"] == peak else "agrees: not proved, not least"


def main():
    periods, peaks, wholes, wrong = Counter(), Counter(), Counter(), []
    with open(sys.argv[1], encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            if "refused" in record:
                periods["refused: " + record["refused"]] += 1
                continue
            begin = time.monotonic()
            verdicts = compare_period(record), compare_peak(record), compare_whole(record)
            seconds = time.monotonic() - begin
            worse = [v for v in verdicts if v and ("not least" in v or "better" in v or "exists" in v)]
            if worse:
                better = record.get("betterPeriod"), record.get("better")
                print(f"seed {record['seed']}: {worse}, {better}; {seconds:.0f} s", file=sys.stderr)
            for counts, verdict in zip((periods, peaks, wholes), verdicts):
                if verdict is not None:
                    counts[verdict] += 1
            if "disagrees" in verdicts:
                wrong.append(record)
                print(json.dumps(record))
    print(f"OR-Tools {ortools.__version__}, {SECONDS:g} s per solve")
    for name, counts in (("period", periods), ("peak memory", peaks), ("whole", wholes)):
        for verdict, count in sorted(counts.items()):
            print(f"{name}: {verdict}: {count}")
    sys.exit(1 if wrong else 0)


main()
