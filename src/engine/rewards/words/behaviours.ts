/**
 * Word sequences of the four cognitive behaviours: objective (h) of docs/objectives.md, after the
 * judge prompts of Clinical-R1’s released evaluation. `^`: only at the start of a sentence.
 */
import { forms } from './lists';

export const BEHAVIOUR_CUES = {
  verification: forms(`
    is consistent with | are consistent with | consistent with | compatible with | in line with |
    in keeping with | aligns with | align with | aligning with | matches the | matches this |
    match the | match this | fits with | fits the | fits this | fit the | fit with | fits well |
    confirms | confirming | confirmed by | double check | let me verify | let's verify | to verify |
    verify that | let me check | let's check | checking | let me confirm | let's confirm |
    explains the | explains her | explains his | explains this | explains all | explain the |
    explain all | accounts for | account for | supported by
  `),
  backtracking: forms(`
    wait | hold on | on second thought | let me reconsider | let's reconsider | let me rethink |
    let's rethink | reconsider | reconsidering | re evaluate | reevaluate | let me go back |
    let's go back | going back to | go back to | let me step back | let's step back | let me try again |
    i was wrong | i was mistaken | actually , | my initial thought | my initial assumption |
    my first thought | my initial impression | scratch that | that doesn't fit | that does not fit |
    that doesn't work | that does not work | that doesn't make sense | makes me reconsider |
    makes me rethink | makes me pause
  `),
  subgoals: forms(`
    ^first | ^firstly | ^second | ^secondly | ^third | ^thirdly | ^next | ^then | ^finally | ^lastly |
    ^step 1 | ^step 2 | ^step 3 | ^step 4 | ^step 5 | ^to begin | ^start by | ^starting with | first , |
    the first step | next step is to | need to determine | need to identify | need to assess |
    need to figure | need to consider | need to rule | need to evaluate | need to look | need to find |
    need to compare | should determine | should identify | should assess | should evaluate |
    i'll first | i'll start | i'll look | i'll consider | i'll now | i will first | i will start |
    let's first | let's start | let's begin | let's look | let's break | let's go through |
    let's consider | let's list | let's analyze | let's evaluate | let's tackle | let me first |
    let me start | let me begin | let me break | let me go through | let me list | let me analyze |
    let me evaluate | break this down | break it down | key question is
  `),
  backwardChaining: forms(`
    if this were | if it were | if this was | if it was | if this is | if the diagnosis |
    if the patient had | if the patient has | if the answer | if the cause | would expect |
    we'd expect | i'd expect | to be correct | to be true | to be the answer | to be the cause |
    to be the diagnosis | assuming | assume that | suppose | hypothesis | hypothesize |
    working backward | working backwards | work backwards | possible causes | potential causes |
    consider causes | consider possible | could explain | would explain | could cause |
    what could cause | what would cause | what would explain | what could explain | causes such as |
    causes like
  `),
};

export type Behaviour = keyof typeof BEHAVIOUR_CUES;
