import type { DeviceModel } from "../../cost/device-model.js";
import { DEVICE_MODELS } from "../../cost/device-models/catalog.js";
import type { WidthCost } from "../../cost/width-costs.js";
import type { CudaDevice } from "../../runtime/cuda/client/devices.js";
import type { GpuLaunchCosts } from "./gpu-profile.js";

const DRIVER = "the driver of the device";
const MEASURED = "measured with kernels that do nothing";
const DERIVED =
  "derived from clocks that the driver reports; no data sheet of this device is known";

/** Lanes of 32-bit arithmetic in an SM, since compute capability 8.6 and in most before. */
const LANES = 128;

const STAMPED = "measured with kernels that note when they start and end";
const ASSUMED = "assumed; what a kernel takes in a chain is measured";

/** Shortest kernel where no data sheet states one. */
const USUAL_FLOOR_NS = 2000;

/**
 * The device for the simulator: what an SM holds as the driver reports, launching as measured, peak
 * rates from the data sheet of the product where it is known, else derived from clocks.
 *
 * A step of a chain is a kernel, which holds room, and the gap behind it, which does not. The kernel's part is what was
 * measured inside of it, else the data sheet's shortest kernel.
 */
export function measuredDeviceModel(device: CudaDevice, costs: GpuLaunchCosts): DeviceModel {
  const sheet = sheetOf(device);
  const float32 = device.multiprocessors * LANES * 2 * device.clockKhz * 1000;
  const hasMatrixUnits = device.capability[0] >= 8;
  const derivedFlops = {
    float32,
    tensorFloat32: float32 * (hasMatrixUnits ? 4 : 1),
    float16: float32 * (hasMatrixUnits ? 8 : 2),
  };
  // Two transfers per clock, 8 bits per byte.
  const derivedBandwidth = (2 * device.memoryClockKhz * 1000 * device.memoryBusBits) / 8;
  const usualFloorNs = sheet?.kernelFloorNs ?? USUAL_FLOOR_NS;
  const kernelFloorNs = Math.min(costs.insideNs ?? usualFloorNs, costs.chainNs);
  const launchGapNs = costs.chainNs - kernelFloorNs;
  const widths = measuredWidths(costs);
  return {
    name: device.name,
    product: device.name,
    sms: device.multiprocessors,
    threadBlocksPerSm: device.blocksPerMultiprocessor,
    threadsPerSm: device.threadsPerMultiprocessor,
    registersPerSm: device.registersPerMultiprocessor,
    sharedBytesPerSm: device.sharedBytesPerMultiprocessor,
    sharedBytesReservedPerBlock: device.sharedBytesReservedPerBlock,
    memoryBandwidth: sheet?.memoryBandwidth ?? derivedBandwidth,
    l2Bytes: device.l2Bytes,
    flops: sheet?.flops ?? derivedFlops,
    launchGapNs,
    eventNs: Math.max(launchGapNs, costs.hopNs - kernelFloorNs),
    kernelFloorNs,
    ...(costs.dispatchNs === undefined ? {} : { dispatchNs: costs.dispatchNs }),
    ...(widths === undefined ? {} : { widths }),
    ...notMeasured(sheet, costs),
    sources: {
      sms: DRIVER,
      threadBlocksPerSm: DRIVER,
      threadsPerSm: DRIVER,
      registersPerSm: DRIVER,
      sharedBytesPerSm: DRIVER,
      sharedBytesReservedPerBlock: DRIVER,
      memoryBandwidth: sheet?.sources.memoryBandwidth ?? DERIVED,
      l2Bytes: DRIVER,
      flops: sheet?.sources.flops ?? DERIVED,
      launchGapNs: MEASURED,
      eventNs: MEASURED,
      kernelFloorNs:
        costs.insideNs === undefined ? (sheet?.sources.kernelFloorNs ?? ASSUMED) : STAMPED,
      ...(costs.dispatchNs === undefined ? {} : { dispatchNs: MEASURED }),
      ...(widths === undefined ? {} : { widths: MEASURED }),
    },
  };
}

/**
 * What forks and joins by their width take more than events and the start of their kernels, half of it each;
 * `undefined`: not measured, or nothing. Of the branches one is on the stream of fork and join, which is no event.
 */
function measuredWidths({
  chainNs,
  hopNs,
  dispatchNs = 0,
  forks = [],
}: GpuLaunchCosts): readonly WidthCost[] | undefined {
  const widths = forks
    .filter(({ branches }) => branches > 2)
    .map(({ branches, ns }): WidthCost => {
      // The branch of the own stream starts first, the others behind it or when their event has come.
      const lastStart = Math.max(
        hopNs + (branches - 2) * dispatchNs,
        chainNs + (branches - 1) * dispatchNs,
      );
      const usual = lastStart + hopNs + chainNs;
      return { streams: branches - 1, ns: Math.max(0, Math.round((ns - usual) / 2)) };
    })
    .sort((a, b) => a.streams - b.streams);
  return widths.some(({ ns }) => ns > 0) ? widths : undefined;
}

/** What a data sheet assumes and no measurement here says: how kernels share SMs, and perhaps how they start. */
function notMeasured(
  sheet: DeviceModel | undefined,
  costs: GpuLaunchCosts,
): Pick<DeviceModel, "ranges"> {
  const { kernelFloorNs: _, launchGapNs: __, eventNs: ___, ...open } = sheet?.ranges ?? {};
  const { dispatchNs: ____, ...others } = open;
  return sheet?.ranges === undefined
    ? {}
    : { ranges: costs.dispatchNs === undefined ? open : others };
}

/** The data sheet of the product, or of its nearest relative: most words of its name, at least the first. */
function sheetOf(device: CudaDevice): DeviceModel | undefined {
  const own = device.name.toLowerCase();
  const alike = ({ name }: DeviceModel): number =>
    name.split("-").filter((word) => own.includes(word)).length;
  return DEVICE_MODELS.filter(
    ({ name, sms }) => sms === device.multiprocessors && own.includes(name.split("-")[0] ?? name),
  ).reduce<DeviceModel | undefined>(
    (best, each) => (best === undefined || alike(each) > alike(best) ? each : best),
    undefined,
  );
}
