/** What stands around numbers: units, times, ages, and the words between a label and its value. */
import { forms, wordSet } from './lists';

/** Powers of ten that counts per litre are written with: 15 x 10^9/L. */
const POWERS = [3, 6, 9, 11, 12];

/** Unit → spellings, in lower case. Spaces between their words count for nothing. */
export const UNITS: ReadonlyMap<string, readonly string[]> = new Map([
  ...forms(
    'mg/dl | g/dl | g/l | meq/l | mmol/l | umol/l | ng/ml | ng/dl | pg/ml | miu/ml | uu/ml | mu/l | iu/l | ' +
      'u/l | u/ml | /hpf | mosm/kg | ml/min | kg | mg | ml | cm | mm | fl | c | f | g | l',
  ).map((unit): [string, string[]] => [unit, [unit]]),
  ...POWERS.map((n): [string, string[]] => [
    `x10^${n}/l`,
    [`x 10^${n}/l`, `x10^${n}/l`, `x 10${n}/l`, `x10${n}/l`],
  ]),
  ['ug/dl', ['ug/dl', 'mcg/dl']],
  ['/mm3', ['/mm3', '/mm^3', 'cells/mm3', 'cells/mm^3', '/mcl', '/ul']],
  ['mm/h', ['mm/h', 'mm/hr']],
  ['mmhg', ['mm hg', 'mmhg']],
  ['cmh2o', ['cm h2o', 'cmh2o']],
  ['/min', ['/min', '/minute', 'per minute']],
  ['kg/m2', ['kg/m2', 'kg/m^2']],
  ['beats/min', ['beats/min', 'beats per minute', 'bpm']],
  ['breaths/min', ['breaths/min', 'breaths per minute']],
  ['lb', ['lb', 'lbs', 'pound', 'pounds']],
  ['ug', ['ug', 'mcg']],
  ['degc', ['deg c', 'degc', 'celsius']],
  ['degf', ['deg f', 'degf', 'fahrenheit']],
  ['second', ['second', 'seconds']],
  ['%', ['%', 'percent']],
]);

/** Stems. */
export const TIME_UNITS = wordSet(`
  minute hour day week month year
`);

/** Stems. */
export const AGE_UNITS = wordSet(`
  year yr month week day hour
`);

/** Numbers as words, before a time unit. */
export const NUMBER_WORDS: ReadonlyMap<string, number> = new Map(
  forms('one | two | three | four | five | six | seven | eight | nine | ten').map((word, index) => [
    word,
    index + 1,
  ]),
).set('twelve', 12);

/** May stand between a label and its value. Words or stems. */
export const FILLERS = wordSet(`
  is of was are were at count level concentration rate value a an the around about approximately
  low high elevated decreased reduced only just measured measure show showed read reading came
  back to now very really pretty quite slightly mildly significantly markedly normal been being
  found be serum on room air oxygen with sitting hovering up down also even so still total = : , (
  ) < > ~ "
`);

/** Behind a percentage, make it an oxygen saturation. */
export const SATURATION_FOLLOWERS = forms(
  'on room air | on ra | oxygen saturation | oxygen sat | o2 saturation | o2 sat | saturation',
);

/** Behind a number of weeks, make it a gestational age. Stems. */
export const GESTATION_WORDS = wordSet('gestation pregnant pregnancy');

/** Behind a number without a unit, make it a count of things and no laboratory value. Stems. */
export const COUNTED_THINGS = wordSet('pack time pill');
