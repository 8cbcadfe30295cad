/** A long vignette, completions about it, and texts that are meant to be slow. All of them invented here. */
import type { ScoredCase } from '../../src/protocol';

/** Each `number` is another patient with the same illness, so that the text is never seen before. */
export function vignette(number: number): ScoredCase {
  const age = 40 + (number % 37);
  const pulse = 96 + (number % 29);
  const leukocytes = 12_000 + (number % 83) * 100;
  const question =
    `A ${age}-year-old woman is brought to the emergency department because of 2 days of fever, chills, ` +
    'right flank pain and nausea. She has vomited three times since this morning. She has type 2 diabetes ' +
    'mellitus and hypertension; her medications are metformin and lisinopril. She does not smoke and drinks ' +
    'a glass of wine on weekends. Her mother died of breast cancer. Her temperature is 39.1°C (102.4°F), ' +
    `pulse is ${pulse}/min, respirations are 20/min, and blood pressure is 104/62 mm Hg. She appears ill. ` +
    'There is costovertebral angle tenderness on the right. The abdomen is soft, without guarding or ' +
    'rebound. The lungs are clear. There is no rash and no neck stiffness. Laboratory studies show a ' +
    `leukocyte count of ${leukocytes}/mm3, hemoglobin of 12.8 g/dL, creatinine of 1.4 mg/dL and glucose of ` +
    '212 mg/dL. Urinalysis shows pyuria, nitrites and white blood cell casts. Blood cultures are pending. ' +
    'Which of the following is the most appropriate next step in management?';
  return {
    question,
    options: {
      A: 'Intravenous ceftriaxone',
      B: 'Oral nitrofurantoin',
      C: 'CT scan of the abdomen',
      D: 'Observation without treatment',
      E: 'Intravenous vancomycin',
    },
    answer: 'A',
  };
}

const SENTENCES: readonly ((n: number) => string)[] = [
  () => 'First, I will list what the case gives and what each finding is worth.',
  () => 'Fever, chills and right flank pain together suggest an infection of the upper urinary tract.',
  () =>
    'Costovertebral angle tenderness is consistent with inflammation of the kidney rather than the bladder.',
  () => 'Pyuria and nitrites indicate gram-negative bacteria in the urine, because those reduce nitrate.',
  () => 'White blood cell casts form only in the tubules, so they place the infection in the kidney.',
  () => 'The temperature of 39.1 C and the leukocytosis show that the response is systemic.',
  (n) =>
    `The blood pressure of 104/62 mm Hg is low for a patient with hypertension, which raises concern in case ${n}.`,
  () => 'Diabetes mellitus makes a complicated course more likely, therefore admission is reasonable.',
  () => 'The abdomen is soft without guarding, which argues against a perforated viscus.',
  () => 'There is no neck stiffness, so meningitis is unlikely.',
  () => 'If this were a kidney stone alone, we would expect colicky pain without fever.',
  () => 'Oral nitrofurantoin is incorrect because it does not reach useful concentrations in kidney tissue.',
  () =>
    'CT scan of the abdomen is not the next step, since imaging is for those who fail to improve in two days.',
  () => 'Observation without treatment would be dangerous here because untreated bacteremia may follow.',
  () => 'Intravenous vancomycin is less likely to help, as it does not cover gram-negative rods.',
  () => 'Wait, let me reconsider whether vomiting alone would already decide for the intravenous route.',
  () => 'She has vomited three times, which means that oral drugs may not be absorbed.',
  () => 'The creatinine of 1.4 mg/dL should be checked again after fluids.',
  () => 'Checking against the findings, ceftriaxone covers the usual organisms and is given intravenously.',
  (n) => `A similar patient seen on day ${n} of the week would be treated in the same way.`,
];

/** A well-formed completion of about `characters`, another for each `number`. */
export function completionOf(number: number, characters: number): string {
  let reasoning = '';
  for (let index = 0; reasoning.length < characters - 140; index++) {
    const sentence = SENTENCES[(index * 7 + number) % SENTENCES.length]!;
    reasoning += `${sentence(number + index)} `;
  }
  const conclusion =
    'Fever and white blood cell casts support pyelonephritis, so ceftriaxone is given. \\boxed{A}';
  return `<dx>${reasoning.slice(0, characters - 140)}</dx>\n<conclusion>${conclusion}</conclusion>`;
}

/** Texts of `characters` UTF-16 code units that make a careless scorer slow. */
export function adversarialTexts(characters: number): readonly { name: string; text: string }[] {
  const kinds: Readonly<Record<string, string>> = {
    'one finding again and again': 'fever ',
    'negations without an end': 'no not without ',
    'one endless number': '1',
    'numbers and units': '39.1 C 104/62 mm Hg 1.4 mg/dL ',
    'open tags': '<dx><conclusion>',
    'open boxes': '\\boxed{',
    'option letters': '(A) (B) option C, D and E ',
    'rejected options': 'Oral nitrofurantoin is incorrect because fever. ',
    'the question, copied': vignette(0).question,
    'one-letter sentences': 'a. b! c? ',
    'characters that normalise to more': '\ufdfa',
    'invisible characters': 'fe\u200bver\u00ad ',
  };
  return Object.entries(kinds).map(([name, unit]) => {
    const body = unit.repeat(Math.ceil(characters / unit.length)).slice(0, characters);
    return { name, text: `<dx>${body}</dx><conclusion>So fever. \\boxed{A}</conclusion>` };
  });
}
