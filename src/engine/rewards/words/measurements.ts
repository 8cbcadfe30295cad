/**
 * Vital signs and laboratory values: how they are called (the first form is the name on the page)
 * and from which value on a number is a finding of its own: 38.5 °C is fever. Longer forms win.
 * Temperature in °C, saturation in %, laboratory values in the units of US vignettes.
 */
import type { ConceptId } from './concepts';

export interface Measurement {
  readonly id: string;
  readonly forms: string;
  /** A value below is `concept`. */
  readonly low?: { readonly below: number; readonly concept: ConceptId };
  /** A value from here on is `concept`. */
  readonly high?: { readonly from: number; readonly concept: ConceptId };
}

export const VITALS: readonly Measurement[] = [
  {
    id: 'temp',
    forms: 'temperature | temp | body temperature',
    low: { below: 35, concept: 'hypothermia' },
    high: { from: 38, concept: 'fever' },
  },
  {
    id: 'pulse',
    forms: 'pulse rate | heart rate | pulse | hr | pr',
    low: { below: 60, concept: 'bradycardia' },
    high: { from: 100.5, concept: 'tachycardia' },
  },
  {
    id: 'resp',
    forms: 'respiratory rate | respiration rate | respiration | breathing rate | rr',
    high: { from: 20.5, concept: 'tachypnea' },
  },
  {
    id: 'spo2',
    forms: 'oxygen saturation | o2 saturation | o2 sat | spo2 | sao2 | saturation',
    low: { below: 94, concept: 'hypoxia' },
  },
  { id: 'bp', forms: 'blood pressure | bp' },
  { id: 'bmi', forms: 'body mass index | bmi', high: { from: 30, concept: 'obesity' } },
];

export const LABS: readonly Measurement[] = [
  {
    id: 'hemoglobin a1c',
    forms: 'hemoglobin a1c | hba1c | a1c | glycated hemoglobin',
    high: { from: 6.5, concept: 'hyperglycemia' },
  },
  { id: 'hemoglobin', forms: 'hemoglobin | hgb | hb', low: { below: 12, concept: 'anemia' } },
  { id: 'hematocrit', forms: 'hematocrit | hct', low: { below: 36, concept: 'anemia' } },
  {
    id: 'leukocytes',
    forms:
      'leukocyte count | leukocytes | white blood cell count | white blood cells | white cell count | wbc count | wbc | white count',
    low: { below: 4000, concept: 'leukopenia' },
    high: { from: 11000, concept: 'leukocytosis' },
  },
  {
    id: 'platelets',
    forms: 'platelet count | platelets',
    low: { below: 150000, concept: 'thrombocytopenia' },
    high: { from: 450000, concept: 'thrombocytosis' },
  },
  {
    id: 'mcv',
    forms: 'mean corpuscular volume | mcv',
    low: { below: 80, concept: 'microcytosis' },
    high: { from: 100, concept: 'macrocytosis' },
  },
  { id: 'mchc', forms: 'mchc | mean corpuscular hemoglobin concentration' },
  {
    id: 'reticulocytes',
    forms: 'reticulocyte count | reticulocytes',
    low: { below: 0.5, concept: 'low reticulocytes' },
    high: { from: 2.5, concept: 'reticulocytosis' },
  },
  {
    id: 'sodium',
    forms: 'sodium | na+',
    low: { below: 135, concept: 'hyponatremia' },
    high: { from: 146, concept: 'hypernatremia' },
  },
  {
    id: 'potassium',
    forms: 'potassium | k+',
    low: { below: 3.5, concept: 'hypokalemia' },
    high: { from: 5.1, concept: 'hyperkalemia' },
  },
  { id: 'chloride', forms: 'chloride | cl-' },
  {
    id: 'bicarbonate',
    forms: 'bicarbonate | hco3- | hco3',
    low: { below: 21.5, concept: 'metabolic acidosis' },
    high: { from: 28.5, concept: 'alkalosis' },
  },
  {
    id: 'bun',
    forms: 'blood urea nitrogen | urea nitrogen | bun',
    high: { from: 20.5, concept: 'azotemia' },
  },
  { id: 'creatinine', forms: 'creatinine', high: { from: 1.25, concept: 'azotemia' } },
  {
    id: 'glucose',
    forms: 'blood glucose | serum glucose | glucose concentration | fasting glucose | glucose',
    low: { below: 65, concept: 'hypoglycemia' },
    high: { from: 140, concept: 'hyperglycemia' },
  },
  {
    id: 'calcium',
    forms: 'calcium | ca2+ | ca++',
    low: { below: 8.4, concept: 'hypocalcemia' },
    high: { from: 10.4, concept: 'hypercalcemia' },
  },
  { id: 'magnesium', forms: 'magnesium | mg2+' },
  { id: 'phosphorus', forms: 'phosphorus | phosphate' },
  { id: 'albumin', forms: 'albumin', low: { below: 3.4, concept: 'hypoalbuminemia' } },
  { id: 'total protein', forms: 'total protein' },
  {
    id: 'bilirubin',
    forms: 'total bilirubin | bilirubin',
    high: { from: 1.25, concept: 'hyperbilirubinemia' },
  },
  { id: 'direct bilirubin', forms: 'direct bilirubin | conjugated bilirubin' },
  {
    id: 'ast',
    forms: 'aspartate aminotransferase | ast',
    high: { from: 41, concept: 'elevated transaminases' },
  },
  {
    id: 'alt',
    forms: 'alanine aminotransferase | alt',
    high: { from: 41, concept: 'elevated transaminases' },
  },
  {
    id: 'alp',
    forms: 'alkaline phosphatase | alp',
    high: { from: 121, concept: 'elevated alkaline phosphatase' },
  },
  { id: 'ggt', forms: 'gamma glutamyl transferase | ggt' },
  { id: 'amylase', forms: 'amylase', high: { from: 125, concept: 'elevated lipase' } },
  { id: 'lipase', forms: 'lipase', high: { from: 160, concept: 'elevated lipase' } },
  { id: 'ldh', forms: 'lactate dehydrogenase | ldh', high: { from: 245, concept: 'elevated ldh' } },
  {
    id: 'ck',
    forms: 'creatine kinase | creatine phosphokinase | cpk',
    high: { from: 200, concept: 'elevated ck' },
  },
  { id: 'troponin', forms: 'troponin' },
  {
    id: 'tsh',
    forms: 'thyroid stimulating hormone | tsh',
    low: { below: 0.4, concept: 'low tsh' },
    high: { from: 5, concept: 'elevated tsh' },
  },
  { id: 't4', forms: 'free t4 | thyroxine | t4' },
  { id: 'cortisol', forms: 'cortisol' },
  { id: 'acth', forms: 'acth' },
  { id: 'pth', forms: 'parathyroid hormone | pth' },
  { id: 'ferritin', forms: 'ferritin' },
  { id: 'serum iron', forms: 'serum iron | iron' },
  { id: 'tibc', forms: 'total iron binding capacity | tibc' },
  { id: 'vitamin b12', forms: 'vitamin b12 | b12' },
  {
    id: 'esr',
    forms: 'erythrocyte sedimentation rate | sedimentation rate | esr',
    high: { from: 30, concept: 'elevated esr' },
  },
  { id: 'crp', forms: 'c reactive protein | crp', high: { from: 10, concept: 'elevated crp' } },
  { id: 'pt', forms: 'prothrombin time | pt', high: { from: 15.5, concept: 'prolonged pt' } },
  {
    id: 'ptt',
    forms: 'activated partial thromboplastin time | partial thromboplastin time | aptt | ptt',
    high: { from: 40.5, concept: 'prolonged ptt' },
  },
  { id: 'inr', forms: 'inr', high: { from: 1.4, concept: 'prolonged pt' } },
  { id: 'fibrinogen', forms: 'fibrinogen' },
  { id: 'bleeding time', forms: 'bleeding time' },
  {
    id: 'ph',
    forms: 'ph',
    low: { below: 7.35, concept: 'acidosis' },
    high: { from: 7.451, concept: 'alkalosis' },
  },
  {
    id: 'pco2',
    forms: 'pco2 | paco2',
    low: { below: 33, concept: 'hypocapnia' },
    high: { from: 45.5, concept: 'hypercapnia' },
  },
  { id: 'po2', forms: 'po2 | pao2', low: { below: 75, concept: 'hypoxia' } },
  { id: 'lactate', forms: 'lactate | lactic acid' },
  { id: 'anion gap', forms: 'anion gap' },
  { id: 'uric acid', forms: 'uric acid', high: { from: 8, concept: 'elevated uric acid' } },
  {
    id: 'cholesterol',
    forms: 'total cholesterol | cholesterol',
    high: { from: 239, concept: 'hyperlipidemia' },
  },
  { id: 'ldl', forms: 'ldl | low density lipoprotein' },
  { id: 'hdl', forms: 'hdl | high density lipoprotein' },
  { id: 'triglycerides', forms: 'triglycerides | triglyceride' },
  { id: 'fev1/fvc', forms: 'fev1/fvc | fev1 fvc ratio | fev1/fvc ratio' },
  { id: 'fev1', forms: 'fev1 | forced expiratory volume' },
  { id: 'fvc', forms: 'fvc | forced vital capacity' },
  { id: 'ejection fraction', forms: 'ejection fraction' },
  { id: 'cd4', forms: 'cd4+ t lymphocyte count | cd4+ count | cd4 count | cd4+ | t lymphocyte count' },
  { id: 'viral load', forms: 'viral load' },
  { id: 'neutrophils', forms: 'segmented neutrophils | neutrophils' },
  { id: 'lymphocytes', forms: 'lymphocytes' },
  { id: 'monocytes', forms: 'monocytes' },
  { id: 'eosinophils', forms: 'eosinophils' },
  { id: 'specific gravity', forms: 'specific gravity' },
  { id: 'osmolality', forms: 'osmolality' },
  { id: 'prolactin', forms: 'prolactin' },
  { id: 'fsh', forms: 'follicle stimulating hormone | fsh' },
  { id: 'lh', forms: 'luteinizing hormone' },
  { id: 'testosterone', forms: 'testosterone' },
  { id: 'hcg', forms: 'hcg' },
  { id: 'psa', forms: 'prostate specific antigen | psa' },
  { id: 'opening pressure', forms: 'opening pressure' },
  { id: 'apgar', forms: 'apgar scores | apgar score | apgar' },
  { id: 'creatinine clearance', forms: 'creatinine clearance' },
  { id: 'urine protein', forms: 'protein' },
  { id: 'urine blood', forms: 'blood' },
];
