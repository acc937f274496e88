import { shortened } from "../core/shortened.js";

/** Longest argument that is shown whole: longer than the paths that people have. */
const LONGEST_ARGUMENT = 300;

/** Longest run of letters that is shown whole, whatever it is: a part of an argument, or a name from a file. */
const LONGEST_WORD = 1000;

/** Longest text that is shown whole: names made of arguments may have white space in them. */
const LONGEST_TEXT = 2000;

/** What is shown of longer ones. */
const SHOWN = { word: 100, text: 1000 } as const;

/**
 * Returns what to print for a text that may have arguments of the command line in it: long ones, their values behind `=`, and long
 * words are cut in the middle, so that what is wrong with them can be read.
 *
 * Cost: O(text), times the number of long arguments.
 */
export function withShortArguments(argv: readonly string[]): (text: string) => string {
  const long = [...new Set(argv.flatMap((each) => [each, each.slice(each.indexOf("=") + 1)]))]
    .filter(({ length }) => length > LONGEST_ARGUMENT)
    .sort((a, b) => b.length - a.length);
  return (text) => {
    const words = long
      .reduce((rest, each) => rest.replaceAll(each, () => shortened(each, SHOWN.word)), text)
      .replace(/\S+/g, (word) => (word.length > LONGEST_WORD ? shortened(word, SHOWN.word) : word));
    return words.length > LONGEST_TEXT ? shortened(words, SHOWN.text) : words;
  };
}
