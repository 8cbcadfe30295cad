import { describe, expect, it } from 'vitest';
import type { RunConfig, ScorerEvent, ScoringInput } from '../../src/protocol';
import { createScorerService } from '../../workers/scorer/service';

const RELEASED: RunConfig['rewards'] = {
  preset: 'released',
  weights: { accuracy: 10, format: 1, language: 0.5 },
  accuracyFloor: null,
  integrityGate: false,
  custom: [],
};

const input = (changes: Partial<ScoringInput> = {}): ScoringInput => ({
  completion: '<dx>Fever.</dx><conclusion>It is \\boxed{A}</conclusion>',
  case: { question: 'A child has fever.', options: { A: 'Measles', B: 'Asthma' }, answer: 'A' },
  tags: 'dx',
  eos: '<|im_end|>',
  addOpeningTag: false,
  ...changes,
});

function ask(requestId: number, scoringInput: ScoringInput, rewards = RELEASED): ScorerEvent {
  const events: ScorerEvent[] = [];
  createScorerService((event) => events.push(event))({
    type: 'score',
    requestId,
    input: scoringInput,
    rewards,
  });
  expect(events).toHaveLength(1);
  return events[0]!;
}

describe('the scorer', () => {
  it('answers with values, the reward and the evidence of the engine’s rules', () => {
    // 10 · 1 (gold letter) + 1 · 1.5 (tags, box) + 0.5 · 1 (English) = 12: the released rule's most.
    const answer = ask(7, input());
    expect(answer).toMatchObject({
      type: 'done',
      requestId: 7,
      result: {
        reward: 12,
        rewards: { accuracy: 1, language: 1 },
        evidence: { accuracy: { rule: 'correct', counts: { boxes: 1 } } },
      },
    });
  });

  it('points the evidence at the completion as it came', () => {
    const { completion } = input();
    const answer = ask(1, input({ completion: `  \n${completion}` }));
    const spans = answer.type === 'done' ? answer.result.evidence.accuracy?.spans : undefined;
    expect(spans?.map(({ start, end }) => `  \n${completion}`.slice(start, end))).toEqual(['\\boxed{A}']);
  });

  it('answers what the rules refuse with their error', () => {
    expect(ask(3, input({ eos: '' }))).toMatchObject({
      type: 'failed',
      requestId: 3,
      error: { boundary: 'reward', code: 'eos-empty' },
    });
    const unknown = { ...RELEASED, weights: { charm: 1 } };
    expect(ask(4, input(), unknown)).toMatchObject({ type: 'failed', error: { code: 'objective-unknown' } });
  });

  it('answers a message that is no command, and goes on', () => {
    const events: ScorerEvent[] = [];
    const score = createScorerService((event) => events.push(event));
    score({ type: 'score', requestId: 1 } as unknown as Parameters<typeof score>[0]);
    score({ type: 'score', requestId: 2, input: input(), rewards: RELEASED });
    expect(events).toMatchObject([
      { type: 'failed', requestId: 1, error: { boundary: 'internal' } },
      { type: 'done', requestId: 2 },
    ]);
  });
});
