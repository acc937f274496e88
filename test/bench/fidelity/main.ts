// Predictions beside published measurements: `npm run bench:fidelity`. Nothing is measured here.
import { fidelityDocument } from "./document.js";
import { fidelity } from "./fidelity.js";

process.stdout.write(fidelityDocument(await fidelity()));
