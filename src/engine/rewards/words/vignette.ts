/** What is and is not a finding in a vignette: docs/objectives.md. */
import { wordSet } from './lists';

/** Words of every vignette: they end a phrase and are never part of one. Stemmed before use. */
export const BOILERPLATE = wordSet(`
  patient physician doctor nurse provider pediatrician gynecologist obstetrician psychiatrist
  clinician emergency department room hospital clinic office ward unit brought bring come came
  presenting presentation present presented examination exam examine examined physical show shown
  showed reveal revealed demonstrate demonstrated vital sign laboratory lab study studies test
  result value finding normal limit unremarkable significant history past medical current
  medication medicine include including included notable otherwise healthy year month week day
  hour minute second ago old man woman boy girl male female infant child baby newborn adult mother
  father parent wife husband son daughter brother sister family concern concerned evaluation
  evaluate evaluated follow following followup visit appointment checkup feel felt feeling say
  said state stated report reported note noted describe described deny complain complained
  complaint complaining appear appeared appearance well symptom condition begin began begun start
  started first develop developed experience experienced experiencing onset episode time recent
  recently similar several multiple few many daily every last next previous previously prior
  initial additional further blood pressure pulse temperature respiration respiratory rate heart
  mm hg min deg c f mg dl meq l u kg cm lb g ml remainder rest abnormality problem complication
  issue case care primary routine general use used using take taken taking took treat treated
  treatment therapy administer administered given give receive received undergo underwent perform
  performed obtain obtained order ordered measure measured drawn see seen image photograph picture
  figure below above consistent remarkable positive negative likely best appropriate diagnosis
  diagnosed diagnose disease disorder illness cause age aged work job home live life go went get
  got make made find found know known think want able unable good better bad worse worsen worsened
  increase increased decrease decreased improve improved change changed despite several number
  part side area level count concentration total score confirm confirmed suspect determine
  determined regarding associated addition additionally currently now today yesterday morning
  evening night tonight later usual regular regularly frequent frequently occasional occasionally
  gradual gradually progressive progressively sudden suddenly severe mild moderate marked slight
  slightly acute chronic right left bilateral bilaterally upper lower anterior posterior lateral
  medial small large soft firm diffuse notice noticed oriented alert distress mean saturation
  oxygen serum yr
`);

/** May stand inside a phrase, not at its ends, and say nothing alone. Stemmed before use. */
export const MODIFIERS = wordSet(`
  right left upper lower anterior posterior lateral medial bilateral severe mild moderate marked
  slight acute chronic small large soft firm diffuse increased decreased sudden progressive
  multiple intermittent constant recurrent generalized localized single new mildly slightly
  significant high low positive negative shown young old well
`);

/** Endings that make a single word a medical one; at least three letters stand before. */
export const MEDICAL_ENDINGS = [
  ...wordSet(`
  itis osis emia uria pathy algia oma ectomy otomy ostomy plasty plegia paresis penia megaly rrhea
  rrhage scopy graphy lysis trophy plasia phagia phasia pnea cardia sclerosis psia xia nia ria opia
  ism idine apine amine azine etine olol pril sartan statin azole ozole gnathia mastia thia cillin
  mycin cycline floxacin mab nib vir dronate zepam caine oid gram
`),
];

/** Have such an ending, or lack one, by accident. */
export const NOT_MEDICAL = wordSet(`
  medicine routine alcohol control cholesterol protocol insomnia criteria bacteria program diagram
`);
export const MEDICAL_ANYWAY = wordSet('prostate');

/** A finding within twelve words behind one of these is the relative’s. */
export const FAMILY = wordSet(`
  mother father parent brother sister uncle aunt grandmother grandfather sibling son daughter wife
  husband cousin
`);

/** … unless one of these follows: "his mother reports that he has …". Beginnings of words. */
export const FAMILY_REPORTS = [
  ...wordSet(`
  report say said state note brought bring describe deny denies think notice because to add claim
  mention
`),
];

/** Behind "which" or "what" at the start of a sentence, make it the question. */
export const QUESTION_FOLLOWERS = wordSet('of is are would drug type best');

/** A laboratory value without a number: "elevated lipase". */
export const HIGH_WORDS = wordSet(`
  elevated high increased raised positive
`);

/** "Low sodium". */
export const LOW_WORDS = wordSet(`
  low decreased reduced undetectable suppressed
`);

export const NORMAL_WORDS = wordSet('normal');

/** May stand between a laboratory value and its direction. */
export const COPULAS = wordSet(`
  is was are were be level levels concentration count titer value remain remains remained been
  found to
`);

/** So may these. */
export const DEGREES = wordSet(
  'very slightly mildly markedly significantly also really quite within extremely only',
);

/** Behind a laboratory label, make it something else than a value. Beginnings of words. */
export const NOT_A_VALUE = [...wordSet('receptor antibod binding clearance stimulat deficien')];
