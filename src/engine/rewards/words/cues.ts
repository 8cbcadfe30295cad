/**
 * Word sequences that show what a sentence does: objectives (d) to (g) of docs/objectives.md. They
 * match the words as written or their stems.
 */
import { forms } from './lists';

export const CUES = {
  /** The sentence ties a finding to an inference. */
  link: forms(`
    because | since | therefore | thus | hence | suggest | suggests | suggesting | suggested |
    suggestive | indicate | indicates | indicating | indicative | consistent | inconsistent | point to |
    points to | pointing to | points toward | points towards | point toward | support | supports |
    supporting | explain | explains | explained | explaining | due to | caused by | results from |
    resulting from | result of | leads to | leading to | lead to | characteristic | typical |
    typically | classic | classically | compatible | likely | unlikely | rule out | rules out |
    ruled out | ruling out | argues against | argue against | concerning for | suspicious | suspicion |
    given | in the setting of | in the context of | mean | means | meaning | imply | implies | fit |
    fits | reflect | reflects | reflecting | confirm | confirms | confirmed | confirming |
    associated with | diagnosis | diagnose | diagnostic | differential | hallmark | raise | raises |
    makes | against | expect | expected | align | aligns | rather than
  `),
  /** The sentence rejects an option. */
  reject: forms(`
    unlikely | less likely | least likely | not likely | improbable | incorrect | wrong | not correct |
    not the best | not best | not appropriate | not the most | not the right | not the correct |
    not right | not indicated | not consistent | not supported | not typical | not typically | not fit |
    not explain | not explained | not relevant | not useful | not associated | not related |
    not expected | not present | not seen | not cause | not caused | not involve | not effective |
    not recommended | not necessary | not needed | not true | not address | not account | not match |
    not an answer | not the answer | inconsistent | does not | do not | did not | would not | will not |
    can not | doesn't | don't | didn't | wouldn't | won't | can't | cannot | isn't | aren't | wasn't |
    is not | are not | was not | rule out | rules out | ruled out | ruling out | rule it out |
    rule this out | excluded | exclude | excludes | excluding | eliminate | eliminates | eliminated |
    reject | rejects | rejected | argues against | argue against | arguing against | speaks against |
    against | contraindicated | lack | lacks | lacking | absence of | no evidence | unrelated |
    irrelevant | inappropriate | insufficient | discard | discarded | less consistent | poor fit |
    poorly explains
  `),
  /** The sentence affirms an option. */
  affirm: forms(`
    most likely | is likely | are likely | more likely | consistent with | best answer | best explains |
    best explained | best explanation | best choice | best fits | best fit | best option |
    best next step | best matches | correct | support | supports | supported | confirm | confirms |
    confirmed | points to | point to | points toward | the answer | diagnosis is | fits | fit |
    typical of | classic for | indicated | appropriate | therefore | thus | hence | choose | select |
    explains | matches | hallmark of | suggests | suggest | indicates
  `),
  /** The sentence affirms an option even beside a rejection. */
  affirmStrongly: forms(`
    most likely | best answer | best explains | best explained by | best choice | best fits | best fit |
    best option | best next step | best matches | is correct | correct answer | correct choice |
    correct option | the answer is | diagnosis is | more likely | answer must be
  `),
  /** The sentence gives a reason. */
  explain: forms(`
    because | since | due to | given | as it | as this | as the | as there | as he | as she | as they |
    would present | would cause | would show | would have | would be | would produce | would typically |
    would usually | would lead | would result | would require | would not | would expect | would also |
    would manifest | wouldn't | typically | usually | classically | characterized by | presents with |
    present with | is used | is associated | is seen | is caused | is found | is a | is an | are used |
    cause | causes | which | but the | but this | but there | but he | but she | but no | whereas |
    while | absence | lack | lacks | without | no | requires | treats | inhibits | blocks | affects |
    occurs
  `),
  /** The sentence sets options before it against options behind it. */
  compare: forms(`
    rather than | more likely than | as opposed to | instead of | unlike | over
  `),
  /** The sentence speaks of medicine at large, not of this patient. */
  general: forms(`
    normal range | normal value | normal values | normal is | normal level | reference | typically |
    usually | generally | often | commonly | defined as | criteria | criterion | threshold | cutoff |
    cut off | of patients | of cases | of people | incidence | prevalence | risk of | survival | dose |
    dosage | dosing | every | daily | per day | months later | in children | in adults | in women |
    in men | in patients | in infants | in neonates | if | would | could | might | may | should |
    expected | e.g | for example | such as | guideline | guidelines | recommend | recommended |
    recommends | at risk | between | range | ratio | calculate | calculated | minus | equals | = |
    goal | target
  `),
};

export type CueKind = keyof typeof CUES;
