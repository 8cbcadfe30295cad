/**
 * The starter clinic's world: 24 conditions, each with what its patients report, what examination
 * and measurement show, and the treatment that the clinic calls right. A teaching toy written for
 * this project: it is simplified, it is not medical advice, and nothing in it comes from a real case.
 *
 * Findings are worded as the rewards' lexicon knows them, so that a citation can be checked.
 */

/** A number in a vignette, always abnormal. */
export interface Measurement {
  readonly label: string;
  /** As the reasoning says it: `the high uric acid`. */
  readonly direction: 'high' | 'low';
  readonly low: number;
  readonly high: number;
  readonly decimals: 0 | 1;
  /** Empty: no unit. */
  readonly unit: string;
}

export interface Condition {
  readonly name: string;
  readonly specialty: string;
  readonly sex: 'man' | 'woman' | 'any';
  /** Years, both included. */
  readonly ages: readonly [number, number];
  /** What the patient reports. */
  readonly symptoms: readonly string[];
  /** What the evaluation shows. */
  readonly signs: readonly string[];
  readonly measurement: Measurement | null;
  /** The right answer to a treatment question; no two conditions share one. */
  readonly treatment: string;
}

function measured(
  label: string,
  direction: 'high' | 'low',
  low: number,
  high: number,
  unit: string,
  decimals: 0 | 1 = 1,
): Measurement {
  return { label, direction, low, high, decimals, unit };
}

const fever = measured('temperature', 'high', 38.3, 39.9, 'C');

export const CONDITIONS: readonly Condition[] = [
  {
    name: 'gout',
    specialty: 'rheumatology',
    sex: 'man',
    ages: [42, 74],
    symptoms: ['joint pain', 'swelling', 'redness'],
    signs: ['joint swelling', 'nodules'],
    measurement: measured('uric acid', 'high', 8.8, 11.4, 'mg/dL'),
    treatment: 'colchicine',
  },
  {
    name: 'rheumatoid arthritis',
    specialty: 'rheumatology',
    sex: 'woman',
    ages: [30, 62],
    symptoms: ['morning stiffness', 'joint pain', 'fatigue'],
    signs: ['joint swelling', 'nodules', 'a positive rheumatoid factor'],
    measurement: null,
    treatment: 'methotrexate',
  },
  {
    name: 'lupus',
    specialty: 'rheumatology',
    sex: 'woman',
    ages: [18, 44],
    symptoms: ['joint pain', 'rash', 'hair loss', 'fatigue'],
    signs: ['proteinuria', 'a positive antinuclear antibody'],
    measurement: null,
    treatment: 'hydroxychloroquine',
  },
  {
    name: 'pneumonia',
    specialty: 'pulmonology',
    sex: 'any',
    ages: [24, 82],
    symptoms: ['productive cough', 'chills', 'shortness of breath'],
    signs: ['crackles', 'an infiltrate'],
    measurement: fever,
    treatment: 'azithromycin',
  },
  {
    name: 'pulmonary embolism',
    specialty: 'pulmonology',
    sex: 'any',
    ages: [28, 76],
    symptoms: ['chest pain', 'shortness of breath', 'calf swelling', 'hemoptysis'],
    signs: ['tachypnea'],
    measurement: measured('pulse', 'high', 112, 134, '/min', 0),
    treatment: 'heparin',
  },
  {
    name: 'asthma',
    specialty: 'pulmonology',
    sex: 'any',
    ages: [18, 36],
    symptoms: ['wheezing', 'cough', 'shortness of breath'],
    signs: ['expiratory wheezes', 'eczema'],
    measurement: null,
    treatment: 'albuterol',
  },
  {
    name: 'pneumothorax',
    specialty: 'pulmonology',
    sex: 'man',
    ages: [18, 38],
    symptoms: ['chest pain', 'shortness of breath'],
    signs: ['hyperresonance', 'absent breath sounds'],
    measurement: measured('oxygen saturation', 'low', 84, 91, '%', 0),
    treatment: 'chest tube',
  },
  {
    name: 'heart failure',
    specialty: 'cardiology',
    sex: 'any',
    ages: [56, 86],
    symptoms: ['orthopnea', 'swelling of the legs', 'shortness of breath'],
    signs: ['crackles', 'a gallop', 'jugular venous distention'],
    measurement: null,
    treatment: 'furosemide',
  },
  {
    name: 'myocardial infarction',
    specialty: 'cardiology',
    sex: 'any',
    ages: [48, 84],
    symptoms: ['chest pain', 'sweating', 'nausea'],
    signs: ['ST elevation', 'elevated troponin'],
    measurement: null,
    treatment: 'aspirin',
  },
  {
    name: 'appendicitis',
    specialty: 'surgery',
    sex: 'any',
    ages: [18, 38],
    symptoms: ['right lower quadrant pain', 'poor appetite', 'nausea'],
    signs: ['rebound tenderness', 'guarding'],
    measurement: fever,
    treatment: 'appendectomy',
  },
  {
    name: 'cholecystitis',
    specialty: 'surgery',
    sex: 'woman',
    ages: [34, 66],
    symptoms: ['right upper quadrant pain', 'vomiting', 'nausea'],
    signs: ['a positive Murphy sign', 'guarding'],
    measurement: fever,
    treatment: 'cholecystectomy',
  },
  {
    name: 'pancreatitis',
    specialty: 'gastroenterology',
    sex: 'any',
    ages: [32, 68],
    symptoms: ['epigastric pain', 'vomiting', 'nausea'],
    signs: ['tenderness', 'decreased bowel sounds'],
    measurement: measured('lipase', 'high', 620, 940, 'U/L', 0),
    treatment: 'fluid therapy',
  },
  {
    name: 'peptic ulcer',
    specialty: 'gastroenterology',
    sex: 'any',
    ages: [36, 72],
    symptoms: ['epigastric pain', 'black stools', 'bloating'],
    signs: ['tenderness', 'pallor'],
    measurement: null,
    treatment: 'omeprazole',
  },
  {
    name: 'ulcerative colitis',
    specialty: 'gastroenterology',
    sex: 'any',
    ages: [18, 40],
    symptoms: ['bloody diarrhea', 'abdominal pain', 'weight loss'],
    signs: ['tenderness', 'pallor'],
    measurement: null,
    treatment: 'mesalamine',
  },
  {
    name: 'pyelonephritis',
    specialty: 'nephrology',
    sex: 'woman',
    ages: [20, 58],
    symptoms: ['flank pain', 'dysuria', 'chills'],
    signs: ['costovertebral angle tenderness', 'nitrites'],
    measurement: fever,
    treatment: 'ceftriaxone',
  },
  {
    name: 'nephrolithiasis',
    specialty: 'nephrology',
    sex: 'man',
    ages: [28, 60],
    symptoms: ['flank pain', 'blood in the urine', 'vomiting'],
    signs: ['costovertebral angle tenderness'],
    measurement: null,
    treatment: 'tamsulosin',
  },
  {
    name: 'hypothyroidism',
    specialty: 'endocrinology',
    sex: 'woman',
    ages: [30, 66],
    symptoms: ['weight gain', 'cold intolerance', 'constipation', 'fatigue'],
    signs: ['dry skin', 'bradycardia'],
    measurement: null,
    treatment: 'levothyroxine',
  },
  {
    name: 'Graves disease',
    specialty: 'endocrinology',
    sex: 'woman',
    ages: [22, 50],
    symptoms: ['weight loss', 'heat intolerance', 'palpitations'],
    signs: ['proptosis', 'tremor', 'goiter'],
    measurement: null,
    treatment: 'methimazole',
  },
  {
    name: 'type 1 diabetes',
    specialty: 'endocrinology',
    sex: 'any',
    ages: [18, 30],
    symptoms: ['polyuria', 'increased thirst', 'weight loss'],
    signs: ['dehydration'],
    measurement: measured('glucose', 'high', 310, 480, 'mg/dL', 0),
    treatment: 'insulin',
  },
  {
    name: 'Addison disease',
    specialty: 'endocrinology',
    sex: 'any',
    ages: [26, 58],
    symptoms: ['fatigue', 'weight loss', 'dizziness'],
    signs: ['hyperpigmentation', 'hypotension'],
    measurement: measured('sodium', 'low', 119, 129, 'mEq/L', 0),
    treatment: 'hydrocortisone',
  },
  {
    name: 'meningitis',
    specialty: 'neurology',
    sex: 'any',
    ages: [18, 46],
    symptoms: ['headache', 'photophobia', 'confusion'],
    signs: ['neck stiffness', 'petechiae'],
    measurement: fever,
    treatment: 'vancomycin',
  },
  {
    name: 'migraine',
    specialty: 'neurology',
    sex: 'woman',
    ages: [18, 44],
    symptoms: ['headache', 'photophobia', 'nausea', 'blurred vision'],
    signs: [],
    measurement: null,
    treatment: 'sumatriptan',
  },
  {
    name: 'stroke',
    specialty: 'neurology',
    sex: 'any',
    ages: [58, 88],
    symptoms: ['slurred speech', 'numbness', 'confusion'],
    signs: ['facial droop', 'hemiparesis'],
    measurement: null,
    treatment: 'alteplase',
  },
  {
    name: 'Parkinson disease',
    specialty: 'neurology',
    sex: 'any',
    ages: [58, 82],
    symptoms: ['tremor', 'constipation', 'unsteady gait'],
    signs: ['rigidity', 'tremor'],
    measurement: null,
    treatment: 'levodopa',
  },
];

/** Everything that a patient with the condition may show in words. */
export function findingsOf(condition: Condition): readonly string[] {
  return [...new Set([...condition.symptoms, ...condition.signs])];
}
