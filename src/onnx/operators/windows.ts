/** Pools, resampling and sampling: results of neighborhoods. */
import * as images from "../infer/image.js";
import * as infer from "../infer/pooling.js";
import { none } from "../work/movement.js";
import * as work from "../work/reductions.js";
import { alike, type OperatorTable } from "./operator-type.js";

/** Rows of pools and of resampling operators. */
export const WINDOWS: OperatorTable = {
  ...alike("MaxPool com.microsoft:NhwcMaxPool com.microsoft.nchwc:MaxPool", {
    form: "window",
    infer: infer.pool,
    work: work.window(1, -1),
  }),
  ...alike("AveragePool com.microsoft.nchwc:AveragePool", {
    form: "window",
    infer: infer.pool,
    work: work.window(1, 0),
  }),
  LpPool: { form: "window", infer: infer.pool, work: work.window(2, 1) },
  "com.microsoft:QLinearAveragePool": {
    form: "window",
    infer: infer.pool,
    work: work.window(1, 1),
    readsQuantized: true,
  },
  ...alike(
    "GlobalAveragePool GlobalMaxPool com.microsoft.nchwc:GlobalAveragePool com.microsoft.nchwc:GlobalMaxPool",
    {
      form: "rows",
      infer: infer.globalPool,
      work: work.perInput(1),
    },
  ),
  GlobalLpPool: { form: "rows", infer: infer.globalPool, work: work.perInput(2, 1) },
  "com.microsoft:QLinearGlobalAveragePool": {
    form: "rows",
    infer: infer.qLinearGlobalAveragePool,
    work: work.perInput(1, 1),
    readsQuantized: true,
  },
  MaxRoiPool: { form: "window", infer: infer.maxRoiPool, work: work.perInput(1) },
  RoiAlign: { form: "window", infer: infer.roiAlign, work: work.roiAlign },
  MaxUnpool: { form: "movement", infer: infer.maxUnpool, work: none },
  Resize: { form: "window", infer: images.resize, work: work.resize },
  Upsample: { form: "window", infer: images.upsample, work: work.resize },
  "com.microsoft.nchwc:Upsample": {
    form: "window",
    infer: images.blockedUpsample,
    work: work.resize,
  },
  ...alike("GridSample com.microsoft:GridSample", {
    form: "window",
    infer: images.gridSample,
    work: work.gridSample,
  }),
  AffineGrid: { form: "movement", infer: images.affineGrid, work: none },
};
