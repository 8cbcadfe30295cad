import { describe, expect, it } from 'vitest';
import { defaultConfig, SETTINGS, validateConfig } from '../../../src/engine/crpo/settings';
import { type CustomObjective, type RunConfig, StudioError } from '../../../src/protocol';
import {
  changes,
  checkConfig,
  checkSetting,
  getSetting,
  readConfig,
  setSetting,
  showChange,
  showSetting,
} from '../../../src/studio/store/settings';
import { config, ready } from '../records';

const { settings } = ready;
const setting = (path: string) => settings.find((each) => each.path === path)!;

describe('getSetting and setSetting', () => {
  it('reads and writes by path and shares the rest', () => {
    const changed = setSetting(config, 'optimizer.learningRate', 3e-4);
    expect(getSetting(changed, 'optimizer.learningRate')).toBe(3e-4);
    expect(getSetting(config, 'optimizer.learningRate')).toBe(1e-4);
    expect(changed.sampling).toBe(config.sampling);
  });

  it('knows an absent weight as 0, an absent setting as undefined, and no inherited property', () => {
    expect(getSetting(config, 'rewards.weights.citation')).toBe(0);
    expect(getSetting(config, 'optimizer.nothing')).toBeUndefined();
    expect(getSetting(config, 'optimizer.constructor')).toBeUndefined();
  });
});

describe('checkSetting', () => {
  it.each([
    ['steps', 10, null],
    ['steps', 1.5, 'This needs a whole number.'],
    ['steps', -1, 'At least 0.'],
    ['steps', 1001, 'At most 1000.'],
    ['steps', Number.NaN, 'This needs a number.'],
    ['steps', null, 'A value is needed.'],
    ['rewards.accuracyFloor', null, null],
    ['loss.maskTruncated', 'yes', 'This is on or off.'],
    ['rewards.preset', 'other', 'One of: released, grpo.'],
    ['training.loraTargets', ['q_proj'], null],
    ['training.loraTargets', [], 'One or more of: q_proj, v_proj.'],
    ['training.loraTargets', ['x'], 'One or more of: q_proj, v_proj.'],
    ['name', '', 'At least 1 characters.'],
    ['name', 5, 'This needs text.'],
  ])('%s = %s', (path, value, problem) => {
    expect(checkSetting(setting(path), value)).toBe(problem);
  });

  it('finds every problem of a configuration', () => {
    const bad = setSetting(setSetting(config, 'steps', -1), 'optimizer.learningRate', 2);
    expect([...checkConfig(bad, settings)]).toEqual([
      ['steps', 'At least 0.'],
      ['optimizer.learningRate', 'At most 1.'],
    ]);
  });
});

describe('changes', () => {
  it('lists what differs, with what it takes to apply', () => {
    let edited = setSetting(config, 'optimizer.learningRate', 3e-4);
    edited = setSetting(edited, 'sampling.topK', 20);
    edited = setSetting(edited, 'rewards.weights.language', 0);
    expect(
      changes(config, edited, settings).map(({ path, from, to, applies }) => [
        path,
        showSetting(from),
        showSetting(to),
        applies,
      ]),
    ).toEqual([
      ['rewards.weights.language', '0.5', '0', 'next-step'],
      ['sampling.topK', '0', '20', 'new-run'],
      ['optimizer.learningRate', '1e-4', '3e-4', 'next-step'],
    ]);
    expect(changes(config, config, settings)).toEqual([]);
  });
});

describe('showSetting', () => {
  it.each([
    [null, 'off'],
    [true, 'on'],
    [1e-6, '1e-6'],
    [0.2, '0.2'],
    [['q', 'v'], 'q, v'],
  ])('%s', (value, text) => {
    expect(showSetting(value)).toBe(text);
  });
});

describe('readConfig', () => {
  const read = (value: unknown) => readConfig(JSON.stringify(value), 'run.json', config, settings);
  const refusal = (text: string) => {
    try {
      readConfig(text, 'run.json', config, settings);
    } catch (thrown) {
      if (thrown instanceof StudioError) return thrown.record.message;
    }
    return null;
  };

  it('takes what the file names over what is there', () => {
    const taken = read({ version: 1, name: 'mine', optimizer: { learningRate: 1e-6 } });
    expect([taken.name, taken.optimizer.learningRate, taken.steps]).toEqual(['mine', 1e-6, config.steps]);
    expect(read({ config: { version: 1, steps: 3 } }).steps).toBe(3);
  });

  it('takes weights as a whole: one that is left out is 0', () => {
    const taken = read({ version: 1, rewards: { weights: { accuracy: 5 } } });
    expect(taken.rewards.weights).toEqual({ accuracy: 5 });
  });

  it('refuses with the file, the path and the reason', () => {
    expect(refusal('{"version": 2}')).toBe('run.json: expected "version": 1, got 2.');
    expect(refusal('{"version": 1, "steps": -4}')).toBe('run.json: steps is -4. At least 0.');
    expect(refusal('{"version": 1, "optimizer": {"learnRate": 1}}')).toBe(
      'run.json: "optimizer.learnRate" is no setting.',
    );
    expect(refusal('{"version": 1, "rewards": {"weights": {"brevity": 1}}}')).toBe(
      'run.json: "rewards.weights.brevity" is no setting.',
    );
    expect(refusal('{"version": 1,')).toMatch(/^run\.json: expected a run configuration as JSON/);
    expect(refusal('{"version": 1, "__proto__": {"steps": 1}}')).toBe(
      'run.json: "__proto__.steps" is no setting.',
    );
  });
});

describe('custom objectives', () => {
  const hedging: CustomObjective = {
    name: 'hedging',
    match: { kind: 'pattern', pattern: '(?i)\\b(maybe|perhaps)\\b' },
    where: 'reasoning',
    cap: 3,
    weight: -0.5,
  };
  const terms: CustomObjective = { ...hedging, name: 'signs', match: { kind: 'terms', terms: ['fever'] } };
  const defaults = defaultConfig();
  const own: RunConfig = { ...defaults, rewards: { ...defaults.rewards, custom: [hedging, terms] } };
  const drop = (value: unknown, base: RunConfig = defaults) =>
    readConfig(JSON.stringify(value), 'run.json', base, SETTINGS);

  it('come back from a run’s record and pass the engine', () => {
    const taken = drop({ config: own, steps: [], summary: {} });
    expect(taken).toEqual(own);
    expect(validateConfig(JSON.parse(JSON.stringify(taken)))).toEqual(own);
  });

  it('are gone where a file has weights and no list: such a run had none', () => {
    const { custom: _, ...rewards } = defaults.rewards;
    expect(drop({ ...defaults, rewards }, own).rewards.custom).toEqual([]);
    expect(drop({ version: 1, seed: 5 }, own).rewards.custom).toEqual([hedging, terms]);
  });

  it('are refused with their name and reason', () => {
    const refused = (custom: unknown) => () => drop({ version: 1, rewards: { custom } });
    expect(refused([hedging, { ...terms, cap: 0 }])).toThrow('signs, cap: At least 1.');
    expect(refused([hedging, hedging])).toThrow('There is already an objective “hedging”.');
    expect(refused({ a: 1 })).toThrow('"rewards.custom.a" is no setting.');
    expect(
      checkConfig(
        { ...own, rewards: { ...own.rewards, custom: [{ ...terms, weight: Number.NaN }] } },
        SETTINGS,
      ),
    ).toEqual(new Map([['rewards.custom', 'signs, weight: This needs a number.']]));
  });

  it('are told by what changed about them', () => {
    const [change] = changes(defaults, own, SETTINGS);
    expect(change).toMatchObject({ path: 'rewards.custom', applies: 'next-step' });
    expect(showChange(change!)).toBe('+ hedging, + signs');
    expect(showChange({ from: 1e-4, to: 3e-4 })).toBe('1e-4 → 3e-4');
    expect(showChange({ from: ['q_proj'], to: [] })).toBe('q_proj → ');
    expect(showSetting(own.rewards.custom)).toBe('hedging, signs');
  });
});
