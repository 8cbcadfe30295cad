/** A word → what its plurals and British spellings share. Not linguistics: only equality counts. */

/** British → American, anywhere in a word. */
const SPELLINGS: readonly (readonly [string, string])[] = [
  ['haem', 'hem'],
  ['aemi', 'emi'],
  ['oedem', 'edem'],
  ['rrhoe', 'rrhe'],
  ['pnoe', 'pne'],
  ['oesoph', 'esoph'],
  ['paed', 'ped'],
  ['foet', 'fet'],
  ['gynaec', 'gynec'],
  ['anaes', 'anes'],
  ['chaem', 'chem'],
  ['caec', 'cec'],
  ['faec', 'fec'],
  ['oestr', 'estr'],
  ['tumour', 'tumor'],
  ['labour', 'labor'],
  ['colour', 'color'],
];

/** Words that lost "rt" when MedMCQA was scanned. */
const REPAIRS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    hypeension: 'hypertension',
    hypehyroidism: 'hyperthyroidism',
    aery: 'artery',
    aeries: 'arteries',
    aeriole: 'arteriole',
    impoant: 'important',
    shoness: 'shortness',
    cailage: 'cartilage',
    veebral: 'vertebral',
    veebra: 'vertebra',
    moality: 'mortality',
    coex: 'cortex',
    poal: 'portal',
    effo: 'effort',
    ceain: 'certain',
    hea: 'heart',
    depament: 'department',
  }),
);

/** Endings whose plural is in -es. */
const SIBILANTS = ['xes', 'ches', 'shes', 'zzes'];
/** Endings in -s that are no plural. */
const SINGULARS = ['ss', 'us', 'is'];

/** `lower`: in lower case. */
export function stem(lower: string): string {
  let word = REPAIRS.get(lower) ?? lower;
  if (word.includes('ae') || word.includes('oe') || word.includes('our')) {
    for (const [british, american] of SPELLINGS) word = word.replace(british, american);
  }
  if (word.endsWith("'s")) word = word.slice(0, -2);
  return word.length > 3 ? singular(word) : word;
}

function singular(word: string): string {
  if (word.endsWith('ies') && word.length > 4) return `${word.slice(0, -3)}y`;
  if (word.endsWith('sses')) return word.slice(0, -2);
  if (SIBILANTS.some((ending) => word.endsWith(ending))) return word.slice(0, -2);
  if (word.endsWith('s') && !SINGULARS.some((ending) => word.endsWith(ending))) return word.slice(0, -1);
  return word;
}
