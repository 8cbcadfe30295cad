/** What denies a finding, and how far it reaches (after NegEx): docs/objectives.md. */
import { forms, wordSet } from './lists';

/** Deny what follows. */
export const NEGATION_TRIGGERS = forms(`
  no | not | without | deny | denies | denied | denying | absence of | negative for | free of |
  never | neither | nor | lack of | lack | lacked | lacking | no evidence of | no sign of |
  no history of | cannot | can't | isn't | wasn't | aren't | doesn't | didn't | hasn't | don't |
  won't | ruled out | rule out | rather than | absent
`);

/** Look like a denial and are none; they win over the triggers. */
export const PSEUDO_TRIGGERS = forms(`
  not only | no increase | no change | not certain | not necessarily | no relief | without relief |
  no improvement | not improve | not improved | not respond | not responding | no response |
  not resolve | not resolved | gram negative | not able | no longer | not sure | not just | no doubt |
  not been | not ruled out | cannot be ruled out | cannot be excluded | cannot exclude |
  cannot rule out | not rule out | without knowing | no one | not to mention | not surprising |
  not uncommon
`);

/** End a denial, except right behind its trigger, `or` or `nor`. */
export const SCOPE_ENDS = wordSet(`
  but however although though yet except despite whereas while because who which secondary due
  suggesting suggest indicating indicate consistent so therefore thus hence has had have is are
  was were report reported complain complained state stated show showed reveal revealed
  demonstrate demonstrated present presented appear appeared note noted feel take taken taking
  started make makes point drink smoke use eat admit endorse endorses work live
`);

/** End a denial even right behind its trigger. */
export const HARD_SCOPE_ENDS = wordSet(`
  due because consistent so but
`);

/** Behind a comma, end a denial. */
export const NEW_SUBJECTS = wordSet(`
  he she her his they it this the
`);

/** Deny what stands before them: "cough was absent". */
export const POST_TRIGGERS = wordSet(`
  absent negative denied excluded none
`);
