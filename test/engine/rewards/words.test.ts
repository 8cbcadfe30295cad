/**
 * The word data: what it finds in sentences, and that its tables hold together. A new concept brings
 * a row of `SENTENCES`.
 */
import { describe, expect, it } from 'vitest';
import { CONCEPT_FORMS, MEASURE_FORMS } from '../../../src/engine/rewards/analysis/lexicon';
import { readPassage } from '../../../src/engine/rewards/analysis/passage';
import { formWords } from '../../../src/engine/rewards/analysis/scan';
import { stem } from '../../../src/engine/rewards/analysis/stem';
import { BEHAVIOUR_CUES } from '../../../src/engine/rewards/words/behaviours';
import { CONCEPTS } from '../../../src/engine/rewards/words/concepts';
import { CUES } from '../../../src/engine/rewards/words/cues';
import { forms } from '../../../src/engine/rewards/words/lists';
import { LABS, VITALS } from '../../../src/engine/rewards/words/measurements';
import { NEGATION_TRIGGERS, PSEUDO_TRIGGERS } from '../../../src/engine/rewards/words/negation';
import { UNITS } from '../../../src/engine/rewards/words/numbers';
import { EXCUSED_BY } from '../../../src/engine/rewards/words/paraphrases';

/** Sentence → the concepts it affirms (`+`) and denies (`-`), in order. */
const SENTENCES: readonly (readonly [string, readonly string[]])[] = [
  // Symptoms
  ['She is febrile and has had chills.', ['+fever', '+chills']],
  ['The patient is afebrile.', ['-fever']],
  ['He lost about 10 pounds.', ['+weight loss']],
  ['She has lost 5 kg in a month.', ['+weight loss']],
  ['He has had bloody diarrhea, not just diarrhea.', ['+bloody diarrhea', '+diarrhea']],
  ['There is dyspnoea with haemoptysis.', ['+dyspnea', '+hemoptysis']],
  ['He reports pain in the left knee.', ['+knee pain']],
  ['She cannot swallow solids.', ['+dysphagia']],
  ['He has coffee-ground emesis.', ['+hematemesis']],
  // Signs
  ['The abdomen is nontender.', ['-tenderness']],
  ['Examination shows an enlarged spleen; no adenopathy is seen.', ['+splenomegaly', '-lymphadenopathy']],
  ['Sclerae are anicteric.', ['-jaundice']],
  ['There are gram-negative rods.', ['+gram negative']],
  ['Breath sounds are clear; wheezing is absent.', ['-wheezing']],
  ['There are absent breath sounds on the left.', ['+decreased breath sounds']],
  // History
  ['He has hypertension and type 2 diabetes mellitus.', ['+hypertension', '+diabetes']],
  ['There is no history of asthma or eczema.', ['-asthma', '-eczema']],
  ['Past history: stroke, but no atrial fibrillation.', ['+stroke', '-atrial fibrillation']],
  ['She is unvaccinated.', ['-vaccinated']],
  // Drugs and social history
  ['She takes enalapril and atorvastatin.', ['+lisinopril', '+statin']],
  ['He does not smoke but drinks beer.', ['-smoking', '+alcohol']],
  ['She is a nonsmoker.', ['-smoking']],
  // How far a denial reaches
  ['He denies fever, cough, or chest pain.', ['-fever', '-cough', '-chest pain']],
  ['He denies cough but has dyspnea.', ['-cough', '+dyspnea']],
  ['No fever; he has cough.', ['-fever', '+cough']],
  ['Without fever, she has a rash.', ['-fever', '+rash']],
  ['Not only fever but also rash was present.', ['+fever', '+rash']],
  ['There is no increase in cough.', ['+cough']],
  ['Blood cultures are negative for infection, and edema is denied.', ['-edema']],
  ['Fever (no chills) since Monday.', ['+fever', '-chills']],
];

describe('sentences', () => {
  it.each(SENTENCES)('%s', (sentence, expected) => {
    const found = readPassage(sentence).concepts.map(({ id, denied }) => `${denied ? '-' : '+'}${id}`);
    expect(found).toEqual(expected);
  });
});

/** A form as text: nothing of the data's marks, a word for a gap. */
const spelt = (form: string) => form.replace(/^[~^]/, '').replace('*', 'some');

describe('concepts', () => {
  it('share neither ids nor forms', () => {
    const ids = CONCEPTS.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const owners = new Map<string, string>();
    for (const { id, forms } of CONCEPTS) {
      for (const form of forms) {
        const key = formWords(spelt(form)).map(stem).join(' ');
        expect([form, owners.get(key) ?? id]).toEqual([form, id]);
        owners.set(key, id);
      }
    }
  });

  it.each(CONCEPTS.map(({ id, forms }) => [id, forms] as const))(
    '%s: each form is found as written',
    (id, forms) => {
      for (const form of forms) {
        const { concepts } = readPassage(`It is: ${spelt(form)}.`);
        expect([form, concepts.map((mention) => mention.id)]).toEqual([form, [id]]);
        if (form.startsWith('~')) expect(concepts[0]!.denied).toBe(true);
      }
    },
  );

  it('have forms of lower case, single spaces and gaps inside', () => {
    for (const { forms } of CONCEPTS) {
      for (const form of forms) expect(form).toMatch(/^~?[a-z0-9'-]+( ([a-z0-9'-]+|\*))*(?<!\*)$/);
    }
  });

  it('excuse concepts other than themselves', () => {
    for (const [id, others] of Object.entries(EXCUSED_BY)) {
      expect(others).not.toContain(id);
      expect(new Set(others).size).toBe(others.length);
    }
  });
});

describe('measurements', () => {
  const all = [...VITALS, ...LABS];

  it('have ids of their own', () => {
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  });

  it('have norms in order, and forms that only they have', () => {
    const owners = new Map<string, string>();
    for (const { id, forms: text, low, high } of all) {
      if (low && high) expect(low.below).toBeLessThan(high.from);
      for (const form of forms(text)) {
        expect([form, owners.get(form) ?? id]).toEqual([form, id]);
        owners.set(form, id);
        const found = readPassage(`It is: ${form} .`).measures.map(({ measure }) => measure.id);
        expect([form, found]).toEqual([form, [id]]);
      }
    }
  });
});

describe('forms', () => {
  it('are words each, and none twice in a list', () => {
    const lists = [
      ...Object.values(CUES),
      ...Object.values(BEHAVIOUR_CUES),
      NEGATION_TRIGGERS,
      PSEUDO_TRIGGERS,
    ];
    for (const list of [...lists, ...UNITS.values()]) {
      expect(new Set(list).size).toBe(list.length);
      for (const form of list) {
        expect(formWords(spelt(form)).length).toBeGreaterThan(0);
        expect(form).toBe(form.toLowerCase().trim());
      }
    }
  });

  it('put the longest first under each first word', () => {
    for (const table of [CONCEPT_FORMS, MEASURE_FORMS]) {
      for (const patterns of table.values()) {
        const lengths = patterns.map(({ words }) => words.length);
        expect(lengths).toEqual([...lengths].sort((a, b) => b - a));
      }
    }
  });
});
