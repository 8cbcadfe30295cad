import { describe, expect, it } from 'vitest';
import { makeClinic, toJsonLines } from '../../scripts/starter/clinic';
import { CONDITIONS, findingsOf } from '../../scripts/starter/conditions';
import { Draws } from '../../scripts/starter/draws';
import { MIXTURE, makeTrace, type TraceStyle } from '../../scripts/starter/traces';
import { toMedQaRow, type Vignette } from '../../scripts/starter/vignette';
import { readDataset } from '../../src/engine/data/read';
import { bytesSource } from '../../src/engine/files';
import { scoreCompletion } from '../../src/engine/rewards';
import { presetRewards } from '../../src/engine/rewards/presets';
import type { ClinicalCase, TagSet } from '../../src/protocol';

const clinic = makeClinic(5, { training: 400, heldOut: 100, coldStart: 600 });
const cases = [...clinic.training, ...clinic.heldOut];

const questionOf = ({ question }: Vignette) => question;

describe('the conditions', () => {
  it('have names, treatments and ages that can be told apart', () => {
    expect(CONDITIONS).toHaveLength(24);
    expect(new Set(CONDITIONS.map(({ name }) => name)).size).toBe(24);
    expect(new Set(CONDITIONS.map(({ treatment }) => treatment)).size).toBe(24);
    for (const { ages } of CONDITIONS) {
      expect(ages[0]).toBeGreaterThanOrEqual(18);
      expect(ages[1]).toBeGreaterThan(ages[0]);
    }
  });

  it('are not contained in one another: some finding sets each apart from every other', () => {
    for (const condition of CONDITIONS) {
      for (const other of CONDITIONS.filter((candidate) => candidate !== condition)) {
        const own = findingsOf(condition).filter((finding) => !findingsOf(other).includes(finding));
        expect(own.length, `${condition.name} against ${other.name}`).toBeGreaterThan(0);
      }
    }
  });
});

describe('the cases', () => {
  it('are the same for a seed and others for another', () => {
    const sizes = { training: 20, heldOut: 5, coldStart: 5 };
    expect(makeClinic(5, sizes)).toEqual(makeClinic(5, sizes));
    expect(makeClinic(6, sizes).training.map(questionOf)).not.toEqual(
      makeClinic(5, sizes).training.map(questionOf),
    );
    // A case does not depend on how many others there are.
    expect(makeClinic(5, sizes).training[7]).toEqual(clinic.training[7]);
  });

  it('share no question between training, held-out and cold-start cases', () => {
    const questions = [...cases, ...clinic.coldStart.map(({ vignette }) => vignette)].map(questionOf);
    expect(new Set(questions).size).toBe(1100);
  });

  it('cover every condition and both kinds of question, with the gold letter anywhere', () => {
    for (const part of [clinic.training, clinic.heldOut]) {
      expect(new Set(part.map(({ condition }) => condition.name)).size).toBe(24);
      expect(new Set(part.map(({ kind }) => kind))).toEqual(new Set(['diagnosis', 'treatment']));
    }
    for (const letter of 'ABCDE') {
      const share = cases.filter(({ gold }) => gold.letter === letter).length / cases.length;
      expect(share).toBeGreaterThan(0.13);
      expect(share).toBeLessThan(0.27);
    }
  });

  it('have five different options, of which only the gold one explains all that is shown', () => {
    for (const vignette of cases) {
      const shown = [...vignette.symptoms, ...vignette.signs];
      expect(new Set(vignette.options.map(({ text }) => text)).size).toBe(5);
      const explaining = vignette.options.filter(
        ({ condition: { measurement, ...condition } }) =>
          shown.every((finding) => findingsOf({ measurement, ...condition }).includes(finding)) &&
          (vignette.measured === null || measurement?.label === vignette.measured.label),
      );
      expect(explaining, vignette.question).toEqual([vignette.gold]);
      expect(vignette.gold.condition).toBe(vignette.condition);
    }
  });

  it('never name the condition or its treatment, and deny nothing that they show', () => {
    for (const { question, condition, denied, symptoms, signs } of cases) {
      expect(question).not.toContain(condition.name);
      expect(question).not.toContain(condition.treatment);
      for (const symptom of denied) expect([...symptoms, ...signs]).not.toContain(symptom);
    }
  });

  it('are plain English sentences in ASCII', () => {
    for (const { question } of cases) {
      expect(question).toMatch(
        /^(A [1-79]\d|An 8\d|An 18|A 1\d)-year-old (man|woman) [ -~]+\. Which of the following is the [a-z ]+\?$/,
      );
      expect(question).not.toMatch(/^A 18| {2}|,,|\.\.|undefined|null/);
      expect(question.length).toBeLessThan(400);
    }
  });

  it('are read by the MedQA layout without a bad line or a repair', async () => {
    const read: ClinicalCase[] = [];
    const bytes = new TextEncoder().encode(toJsonLines(clinic.training));
    const { summary } = await readDataset(bytesSource('cases.jsonl', bytes), {
      name: 'cases.jsonl',
      sink: { saveCases: async (batch) => void read.push(...batch), saveBadLines: async () => undefined },
    });
    expect(summary).toMatchObject({ layout: 'medqa', rows: 400, badLines: 0, unlabelled: 0, repairs: {} });
    expect(read.map(({ question, options, answer }) => ({ question, options, answer }))).toEqual(
      clinic.training.map((vignette) => {
        const { question, options, answer_idx: answer } = toMedQaRow(vignette);
        return { question, options, answer };
      }),
    );
  });
});

describe('the traces', () => {
  /** The released rule's objectives of the style's traces for 60 cases. */
  function scores(style: TraceStyle, tags: TagSet) {
    return clinic.training.slice(0, 60).map((vignette, index) => {
      const { text } = makeTrace(vignette, style, tags, new Draws(9, 'trace', index));
      const { question, options, answer_idx: answer } = toMedQaRow(vignette);
      const settings = { tags, addOpeningTag: false, eos: '<|im_end|>' };
      const { rewards } = scoreCompletion(
        { completion: text, case: { question, options, answer }, ...settings },
        presetRewards('released'),
      );
      return {
        text,
        vignette,
        accuracy: rewards.accuracy!,
        format: rewards.format!,
        language: rewards.language!,
        clinical: rewards,
      };
    });
  }

  it.each(['dx', 'think'] as const)('a careful one earns the full reward in %s tags', (tags) => {
    for (const { accuracy, format, language } of scores('careful', tags))
      expect({ accuracy, format, language }).toEqual({ accuracy: 1, format: 1.5, language: 1 });
  });

  it('a careful one cites only what the case shows, and rejects the options before the right one', () => {
    for (const { text, vignette } of scores('careful', 'dx')) {
      expect(text).toContain(`which suggests ${vignette.condition.name}.`);
      const rejected = vignette.options.slice(0, vignette.options.indexOf(vignette.gold));
      for (const { letter, text: option } of rejected)
        expect(text).toMatch(new RegExp(`${option} \\(${letter}\\) is (unlikely|not indicated)`));
      const cited = /The patient has (.+?), which suggests/.exec(text)![1]!;
      for (const finding of cited.replace(/^a (high|low) /, '').split(/, | and | of /))
        expect(vignette.question).toContain(finding);
    }
  });

  it('a careful one is grounded and rejects by the clinical objectives, a hasty one hardly', () => {
    const mean = (style: TraceStyle, objective: string) =>
      scores(style, 'dx').reduce((sum, { clinical }) => sum + (clinical[objective] ?? 0), 0) / 60;
    for (const objective of ['citation', 'faithfulness', 'rejection', 'integrity']) {
      expect(mean('careful', objective), objective).toBeGreaterThan(0.2);
      expect(mean('hasty', objective), objective).toBeLessThan(0.5 * mean('careful', objective));
    }
  });

  it('the sloppy ones each have their fault', () => {
    const share = (style: TraceStyle) =>
      scores(style, 'dx').filter(({ accuracy }) => accuracy === 1).length / 60;
    expect(share('hasty')).toBeLessThan(0.4);
    // Two boxes cost as many points as there are boxes, right letter or not.
    for (const { accuracy, format } of scores('undecided', 'dx')) expect([accuracy, format]).toEqual([-2, 1]);
    for (const { accuracy, format } of scores('unboxed', 'dx')) expect([accuracy, format]).toEqual([0, 1]);
    for (const { format } of scores('untagged', 'dx')) expect(format).toBe(0);
    for (const { accuracy, format, text } of scores('looping', 'dx')) {
      expect([accuracy, format]).toEqual([0, 0]);
      expect(new Set(text.replace('<dx>', '').split(/(?<=\.) /)).size).toBe(1);
    }
  });

  it('are mixed as the mixture says', () => {
    expect(Object.values(MIXTURE).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    for (const [style, expected] of Object.entries(MIXTURE)) {
      const share =
        clinic.coldStart.filter((example) => example.style === style).length / clinic.coldStart.length;
      expect(Math.abs(share - expected), style).toBeLessThan(0.05);
    }
    expect(clinic.coldStart.filter(({ ends }) => !ends).every(({ style }) => style === 'looping')).toBe(true);
  });
});
