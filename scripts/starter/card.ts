/** The starter policy's card: what it is, how it was made, what it must not be used for. */
import type { ClinicSizes } from './clinic';
import { CONDITIONS } from './conditions';
import { MIXTURE } from './traces';

export interface CardFacts {
  readonly seed: number;
  readonly clinic: ClinicSizes;
  readonly parameters: number;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  readonly steps: number;
  readonly batchSize: number;
}

/** `README.md` with the front matter that model hubs read. */
export function modelCard(facts: CardFacts): string {
  const { clinic } = facts;
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  return `---
license: apache-2.0
language: en
library_name: transformers
pipeline_tag: text-generation
tags: [synthetic, research-only, not-for-medical-use]
---
# Starter policy of CRPO Studio

A language model of ${facts.parameters.toLocaleString('en')} parameters (Qwen2 architecture, ${facts.layers} layers, width ${facts.hiddenSize}, a
vocabulary of ${facts.vocabularySize.toLocaleString('en')}) to try CRPO with, on any machine, in minutes.

**Research and teaching only. It is not a medical device and must not be used for patients.** Everything
it saw is synthetic: a made-up clinic of ${CONDITIONS.length} conditions with simplified textbook findings. It knows
nothing else, and it is wrong by design about half of the time.

## How it was made
\`npm run starter\` makes it again, byte for byte on the same backend (seed ${facts.seed}): a generator writes cases
and reasoning by rule, the project's own byte-level BPE trainer makes the tokenizer, and the engine's cold
start (supervised fine-tuning from random weights) takes ${facts.steps.toLocaleString('en')} steps of ${facts.batchSize} examples out of ${clinic.coldStart.toLocaleString('en')}.
No question of the ${clinic.training} training cases (\`cases.jsonl\`) or the ${clinic.heldOut} held-out cases (\`heldout.jsonl\`) is
among the examples.

The examples mix good habits with bad ones, as the texts that a base model learned from do. So a group of
completions differs in what it earns, and CRPO can find out which habit pays:

| habit | share of the examples |
|---|---|
${Object.entries(MIXTURE)
  .map(([style, share]) => `| ${style} | ${percent(share)} |`)
  .join('\n')}

*careful* cites findings, goes through the options in turn and boxes the right letter; *hasty* names an
option at random; *undecided* boxes two letters; *unboxed* reasons well and forgets the box; *untagged* names
an option at random outside the tags; *looping* repeats one sentence until the token limit. Much of what CRPO
gains on this policy in a few dozen steps is this choice between habits, not new knowledge.

The options of a case are sorted (capitals first), so a condition's name alone already makes some letters
likelier than others. That is what a policy of this size learns first; do not read its accuracy as
reasoning.

## Prompt
The chat template is ChatML, with one departure: of the system message only the wanted tags are kept, \`dx\`
(the default) or \`think\` when the message names \`<think>\`. The policy was taught no other instruction.
`;
}
