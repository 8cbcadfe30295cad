/** How a text speaks of options and of the sentence before: objectives (d), (f) and (g) of docs/objectives.md. */
import { wordSet } from './lists';

/** Before letters, name options. */
export const OPTION_NOUNS = wordSet(`
  option options choice choices answer answers
`);

/** Behind "option A", show that A is a letter and no article. */
export const LETTER_FOLLOWERS = wordSet(`
  is are was and or because since would does can but has describes refers suggests
`);

/** Are no content of an option’s text. */
export const OPTION_STOP_WORDS = wordSet(`
  a an the of and or to in on at for with by is are be this that patient from as
`);

/** Start a clause, as a comma does. */
export const CLAUSE_STARTS = wordSet(`
  but whereas while although though however
`);

/** At the start of a sentence with a link, tie it to the sentence before. */
export const LINK_OPENERS = wordSet(`
  this these that such all together overall so therefore thus
`);

/** At the start of a sentence without an option, speak of the option before. */
export const OPTION_OPENERS = wordSet(`
  this it these that they however but which
`);

/** At the start of the next sentence, continue a reason. */
export const REASON_OPENERS = wordSet(`
  this it these that they because since there here he she the in
`);

/** Are no reason: they fit any option. Stemmed before use. */
export const GENERIC_REASONS = wordSet(`
  option choice answer correct incorrect wrong likely unlikely consistent fit explain patient case
  presentation finding symptom not does because would best most appropriate therefore diagnosis
  condition rule ruled eliminate exclude reject inconsistent right present picture isn't doesn't
  well question scenario
`);

/** Turn a strong affirmation behind them: "not the best answer". Words in -n’t do too. */
export const TURNING_WORDS = wordSet('not less least never hardly no');

/** Between "the answer" and a letter. */
export const ANSWER_NOUNS = wordSet('answer choice option diagnosis');
