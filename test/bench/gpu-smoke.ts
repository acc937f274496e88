/**
 * First questions to a GPU, in a minute or two.
 *
 *     npm run smoke:gpu [-- FOLDER]
 *
 * Every answer is printed, and FOLDER/gpu-smoke.json (build unless given) written, as soon as it is there. A
 * question that fails is answered with the reason, and the next one is asked of a new helper; the status is
 * 1 then. Only a missing driver, GPU, library or helper ends the run, with status 4.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { endsAll, lineOf } from "./needed-for-all.js";
import { Refused, SmokeDevice } from "./smoke-device.js";
import { QUESTIONS, type Question } from "./smoke-questions.js";

const [, , folder = "build"] = process.argv;

/** An answer, or why there is none. */
type Answer = { readonly value: unknown } | { readonly failed: string; readonly isEnd: boolean };

process.exitCode = await smoke();

/** Asks one question after the other; gives the exit status. */
async function smoke(): Promise<number> {
  const answers: Record<string, unknown> = {};
  const failed: Record<string, string> = {};
  let device: SmokeDevice | undefined;
  for (const question of QUESTIONS) {
    const answer = await answerTo(question, async () => {
      device ??= await SmokeDevice.start();
      answers["device"] ??= device.facts;
      return device;
    });
    if ("failed" in answer) {
      failed[question.name] = answer.failed;
      await device?.close();
      device = undefined;
    } else {
      answers[question.name] = answer.value;
    }
    const told = "failed" in answer ? { failed: answer.failed } : answer.value;
    console.log(JSON.stringify({ [question.name]: told }));
    write({ ...answers, failed });
    if ("failed" in answer && answer.isEnd) {
      return 4;
    }
  }
  await device?.close();
  return Object.keys(failed).length === 0 ? 0 : 1;
}

async function answerTo({ ask }: Question, open: () => Promise<SmokeDevice>): Promise<Answer> {
  try {
    return { value: await ask(await open()) };
  } catch (error) {
    return error instanceof Refused
      ? { failed: lineOf(error.failure), isEnd: endsAll(error.failure) }
      : { failed: String(error), isEnd: false };
  }
}

function write(report: object): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "gpu-smoke.json"), `${JSON.stringify(report, undefined, 2)}\n`);
}
