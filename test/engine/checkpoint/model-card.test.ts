import { describe, expect, it } from 'vitest';
import { modelCard } from '../../../src/engine/checkpoint/model-card';
import { defaultConfig } from '../../../src/engine/crpo/settings';

const facts = {
  id: 'c',
  runId: 'r',
  runName: 'heron',
  modelName: 'base',
  step: 3,
  createdAt: '2026-01-01T00:00:00.000Z',
  metrics: {},
  reason: 'finish',
} as const;

describe('the model card', () => {
  it('tells the objectives of one’s own as they were declared', () => {
    const config = defaultConfig();
    const custom = [
      {
        name: 'hedges',
        match: { kind: 'terms', terms: ['maybe', 'per|haps'] },
        where: 'reasoning',
        cap: 5,
        weight: -0.5,
      },
    ];
    const card = modelCard(facts, { config: { ...config, rewards: { ...config.rewards, custom } } }, false);
    expect(card).toContain('| rewards.custom.0.name | hedges |');
    expect(card).toContain('| rewards.custom.0.match.terms | maybe, per&#124;haps |');
    expect(card).toContain('| rewards.custom.0.weight | -0.5 |');
    expect(card).not.toContain('[object');
  });

  it('says that there are none', () => {
    const card = modelCard(facts, { config: defaultConfig() }, false);
    expect(card).toContain('| rewards.custom |  |');
  });
});
