/**
 * One synthetic case: a condition, some of its findings told as a short vignette, a question, and
 * five options in alphabetical order, of which one is right. The vignette never names the condition
 * or its treatment.
 */
import { CONDITIONS, type Condition, findingsOf, type Measurement } from './conditions';
import type { Draws } from './draws';

export type QuestionKind = 'diagnosis' | 'treatment';

export const LETTERS = ['A', 'B', 'C', 'D', 'E'] as const;
export type Letter = (typeof LETTERS)[number];

export interface Option {
  readonly letter: Letter;
  /** The condition that the option names, or whose treatment it names. */
  readonly condition: Condition;
  readonly text: string;
}

export interface Vignette {
  readonly kind: QuestionKind;
  readonly condition: Condition;
  readonly question: string;
  readonly options: readonly Option[];
  readonly gold: Option;
  /** Words for the patient: `man`, `he`, `his`. */
  readonly patient: {
    readonly noun: string;
    readonly pronoun: 'he' | 'she';
    readonly possessive: 'his' | 'her';
  };
  /** Shown findings, symptoms first; at least three with the measurement. */
  readonly symptoms: readonly string[];
  readonly signs: readonly string[];
  /** `uric acid`, `9.4 mg/dL`, `high`; null: no number is told. */
  readonly measured: { readonly label: string; readonly value: string; readonly direction: string } | null;
  /** Symptoms that the patient denies: typical of a wrong option. */
  readonly denied: readonly string[];
}

/** MedQA's layout, one line of a JSONL file. */
export interface MedQaRow {
  readonly question: string;
  readonly answer: string;
  readonly options: Readonly<Record<Letter, string>>;
  readonly meta_info: string;
  readonly answer_idx: Letter;
}

const QUESTIONS: Readonly<Record<QuestionKind, string>> = {
  diagnosis: 'Which of the following is the most likely diagnosis?',
  treatment: 'Which of the following is the best next step in treatment?',
};

export function makeVignette(draws: Draws): Vignette {
  const condition = draws.pick(CONDITIONS);
  const kind: QuestionKind = draws.chance(2 / 3) ? 'diagnosis' : 'treatment';
  const measured =
    condition.measurement !== null && draws.chance(0.75)
      ? takeMeasurement(condition.measurement, draws)
      : null;
  const signs = draws
    .shuffled(condition.signs)
    .slice(0, condition.signs.length > 1 && draws.chance(0.3) ? 2 : 1);
  const told = condition.symptoms.filter((symptom) => !signs.includes(symptom));
  const wanted = measured !== null && signs.length > 0 ? 2 : signs.length > 0 ? draws.integer(2, 3) : 3;
  const symptoms = draws.shuffled(told).slice(0, wanted);

  const distractors = pickDistractors(condition, [...symptoms, ...signs], measured?.label ?? null, draws);
  const textOf = (named: Condition) => capitalised(kind === 'diagnosis' ? named.name : named.treatment);
  const options = [condition, ...distractors]
    .sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1))
    .map((named, index) => ({ letter: LETTERS[index]!, condition: named, text: textOf(named) }));
  const denied = draws.chance(0.6) ? deniedSymptoms(condition, distractors, draws) : [];
  const patient = describePatient(condition, draws);
  const story = {
    kind,
    condition,
    options,
    gold: options.find((option) => option.condition === condition)!,
    patient,
    symptoms,
    signs,
    measured,
    denied,
  };
  return { ...story, question: tell(story, draws) };
}

export function toMedQaRow(vignette: Vignette): MedQaRow {
  return {
    question: vignette.question,
    answer: vignette.gold.text,
    options: Object.fromEntries(vignette.options.map(({ letter, text }) => [letter, text])) as Record<
      Letter,
      string
    >,
    meta_info: `${vignette.condition.specialty}, ${vignette.kind}`,
    answer_idx: vignette.gold.letter,
  };
}

/** As exams print their options; a sentence that begins with one is then seen to begin. */
function capitalised(text: string): string {
  return text[0]!.toUpperCase() + text.slice(1);
}

/** By the sound of the number: eight, eleven, eighteen, eighty. */
function article(age: number): 'A' | 'An' {
  return age === 11 || age === 18 || String(age).startsWith('8') ? 'An' : 'A';
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

function takeMeasurement({ label, direction, low, high, unit, decimals }: Measurement, draws: Draws) {
  const scale = 10 ** decimals;
  const number = (draws.integer(Math.round(low * scale), Math.round(high * scale)) / scale).toFixed(decimals);
  const glued = unit === '%' || unit.startsWith('/');
  return { label, direction, value: glued ? `${number}${unit}` : `${number} ${unit}` };
}

/**
 * Four wrong conditions, none of which explains everything that is shown; up to two share a finding
 * with the case, so that one finding alone does not decide.
 */
function pickDistractors(
  condition: Condition,
  shown: readonly string[],
  measuredLabel: string | null,
  draws: Draws,
): Condition[] {
  const others = draws.shuffled(CONDITIONS.filter((other) => other !== condition));
  const shares = (other: Condition) => shown.filter((finding) => findingsOf(other).includes(finding)).length;
  const explainsAll = (other: Condition) =>
    shares(other) === shown.length && (measuredLabel === null || other.measurement?.label === measuredLabel);
  const wrong = others.filter((other) => !explainsAll(other));
  const near = wrong.filter((other) => shares(other) > 0).slice(0, 2);
  return [...near, ...wrong.filter((other) => !near.includes(other))].slice(0, 4);
}

function deniedSymptoms(condition: Condition, distractors: readonly Condition[], draws: Draws): string[] {
  const own = findingsOf(condition);
  const foreign = draws.pick(distractors).symptoms.filter((symptom) => !own.includes(symptom));
  return draws.shuffled(foreign).slice(0, 1);
}

function describePatient({ sex }: Condition, draws: Draws): Vignette['patient'] {
  const male = sex === 'any' ? draws.chance(0.5) : sex === 'man';
  return male
    ? { noun: 'man', pronoun: 'he', possessive: 'his' }
    : { noun: 'woman', pronoun: 'she', possessive: 'her' };
}

function tell(story: Omit<Vignette, 'question'>, draws: Draws): string {
  const { condition, patient, symptoms, signs, measured, denied, kind } = story;
  const pronoun = patient.pronoun === 'he' ? 'He' : 'She';
  const possessive = patient.possessive === 'his' ? 'His' : 'Her';
  const age = draws.integer(condition.ages[0], condition.ages[1]);
  const opening = draws.pick(['has', 'comes to the clinic with', 'reports']);
  const duration = draws.chance(0.5) ? ` for ${draws.integer(2, 9)} ${draws.pick(['days', 'weeks'])}` : '';
  const rest = [
    signs.length > 0 ? `Evaluation shows ${listed(signs)}.` : '',
    measured === null ? '' : `${possessive} ${measured.label} is ${measured.value}.`,
    denied.length > 0 ? `${pronoun} denies ${listed(denied)}.` : '',
  ].filter((sentence) => sentence !== '');
  return [
    `${article(age)} ${age}-year-old ${patient.noun} ${opening} ${listed(symptoms)}${duration}.`,
    ...draws.shuffled(rest),
    QUESTIONS[kind],
  ].join(' ');
}
