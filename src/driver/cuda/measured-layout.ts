/**
 * The layout of a model that is faster on the GPU: both are timed, one stream each.
 *
 * Bytes that are moved say which is likely to be. That one is kept unless the other is faster by more than what two
 * timings of the same differ by; since the other is then brought to the device anyway, it is timed again, and the
 * longer time counts.
 */
import { sha256 } from "../../core/digest.js";
import { present } from "../../core/invariant.js";
import { ok, type Result } from "../../core/result.js";
import type { EmittedModel } from "../../kernels/emit.js";
import type { GpuLayouts } from "../../profile/gpu/gpu-profile.js";
import { oneStream } from "../../profile/gpu/measure-gpu-schedules.js";
import { timingOfUs } from "../../profile/gpu/measure-nodes.js";
import { LEAST_DIFFERENCE } from "../../profile/timing.js";
import { programDigest } from "../../runtime/cuda/program/program-digest.js";
import type { DeviceSession } from "../../runtime/cuda/session/device-session.js";
import type { FoundDevice, OpenDevice } from "./with-device.js";

const ROUNDS = 31;

/** The programs of a model in all layouts that may be measured. */
type Programs = Pick<FoundDevice, "model" | "otherLayout">;

/** A model on the device, in the faster layout. */
export interface OpenedLayout {
  readonly model: EmittedModel;
  /** Of that model, with memory that nothing shares. */
  readonly session: DeviceSession;
  /** Absent: there is one layout. */
  readonly layouts?: GpuLayouts;
}

/** Digest of all programs of a model that may be measured: see `programDigest`. */
export function digestOfPrograms({ model, otherLayout }: Programs): string {
  const own = programDigest(model);
  return otherLayout === undefined ? own : sha256(own + programDigest(otherLayout));
}

/**
 * Opens a session of the model in the layout that is faster.
 *
 * Fails: as `open` and measuring do. Cost: opening a second time where there are two layouts, and up to twice more
 * where the one that moves more bytes seems to be faster.
 */
export async function openFaster(
  { model, otherLayout }: Programs,
  open: OpenDevice["open"],
): Promise<Result<OpenedLayout>> {
  if (otherLayout === undefined) {
    const session = await open({ kind: "none" }, model);
    return session.ok ? ok({ model, session: session.value }) : session;
  }
  const other = await timed(otherLayout, open);
  if (!other.ok) {
    return other;
  }
  const own = await timed(model, open);
  if (!own.ok || !isFaster(other.value, own.value)) {
    return own.ok ? ok(taken(own.value, other.value)) : own;
  }
  const again = await timed(otherLayout, open);
  if (!again.ok) {
    return again;
  }
  const slower = { ...again.value, ns: Math.max(again.value.ns, other.value.ns) };
  if (isFaster(slower, own.value)) {
    return ok(taken(slower, own.value));
  }
  const session = await open({ kind: "none" }, model);
  return session.ok ? ok(taken({ ...own.value, session: session.value }, slower)) : session;
}

interface TimedLayout {
  readonly model: EmittedModel;
  readonly session: DeviceSession;
  /** Median of the one-stream graph. */
  readonly ns: number;
}

async function timed(model: EmittedModel, open: OpenDevice["open"]): Promise<Result<TimedLayout>> {
  const session = await open({ kind: "none" }, model);
  if (!session.ok) {
    return session;
  }
  const schedules = [session.value.scheduleOf(oneStream(model.lowered.graph))];
  const samples = await session.value.measure({ schedules, rounds: ROUNDS });
  return samples.ok
    ? ok({
        model,
        session: session.value,
        ns: timingOfUs(present(samples.value[0], "samples")).medianNs,
      })
    : samples;
}

function isFaster(one: TimedLayout, other: TimedLayout): boolean {
  return one.ns < other.ns * (1 - LEAST_DIFFERENCE);
}

function taken({ model, session, ns }: TimedLayout, other: TimedLayout): OpenedLayout {
  const isRows = model.layout === "rows";
  const layouts = {
    taken: model.layout,
    rowsNs: isRows ? ns : other.ns,
    channelsLastNs: isRows ? other.ns : ns,
  };
  return { model, session, layouts };
}
