/** What makes a sentence a claim about the patient: objective (e) of docs/objectives.md. */
import { wordSet } from './lists';

/** Who is spoken of. */
export const SUBJECTS = wordSet(`
  patient he she man woman boy girl infant child newborn baby
`);

/** Whose finding follows. */
export const POSSESSIVES = wordSet(`
  his her
`);

/** Behind a subject, open a claim. */
export const CLAIM_VERBS = wordSet(`
  has had have present presented presenting report reported complain complained experience
  experienced experiencing exhibit exhibited show showed display displayed deny denied endorse
  endorsed describe described reveal revealed demonstrate demonstrated with history is was
  developed develops noticed notice noted suffer suffered gets got also
`);

/** Make a claim a supposition. */
export const HEDGES = wordSet(`
  if could might may would should possibly possible perhaps maybe suspect suspected consider
  considering likely unlikely probable probably rule risk expect expected suggest suggests
  suggesting suggestive consistent concern concerning differential hypothetical potentially can
  cause causes causing typically usually often commonly generally lead leads like include includes
  including such prevent avoid develop developing
`);

/** End a claim. */
export const CLAIM_ENDS = wordSet(`
  but which that because so indicating therefore thus who when where whether as due from after
  than been for rather unless until
`);

/** Behind "is" or "was", open no claim: "he is likely …". */
export const NOT_CLAIMED = wordSet(`
  likely unlikely probably possibly not most at consistent suffering the a an that due because
`);

/** Too common for a shared beginning to make a paraphrase. Compared with stems. */
export const VAGUE_WORDS = wordSet(`
  elevated decreased increased reduced difficulty level count blood lower upper right quadrant
  disease acute chronic serum sound pressure positive negative
`);

/** Speak of patients in general. */
export const PLURAL_SUBJECTS = wordSet(`
  children adults women men patients people individuals kids infants neonates
`);

/** Near a number, make it a bound and no value. */
export const COMPARATORS = wordSet(`
  < > less greater more higher lower fewer than over above below under least between within exceed
  exceeds until normal range up
`);

/** Near a number, widen its tolerance. */
export const APPROXIMATORS = wordSet(`
  about around approximately nearly almost roughly ~ close approx
`);

/** Right before an age, make it somebody else’s. */
export const AGE_IN_GENERAL = wordSet('in for after by at around about average');
