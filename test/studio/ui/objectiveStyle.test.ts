import { describe, expect, it } from 'vitest';
import type { ObjectiveDescriptor } from '../../../src/protocol';
import { objectiveStyles } from '../../../src/studio/ui/train/objectiveStyle';

const objective = (name: string, aim: ObjectiveDescriptor['aim']): ObjectiveDescriptor => ({
  name,
  label: name,
  help: '',
  aim,
  min: 0,
  max: 1,
  source: '',
});

describe('objectiveStyles', () => {
  it('gives the three aims their fixed hue, dash and marker', () => {
    const styles = objectiveStyles([
      objective('a', 'accuracy'),
      objective('f', 'faithfulness'),
      objective('c', 'comprehensiveness'),
    ]);
    expect([...styles.values()]).toEqual([
      { color: 'var(--accuracy)', dash: undefined, marker: '●' },
      { color: 'var(--faithfulness)', dash: '8 3', marker: '▲' },
      { color: 'var(--comprehensiveness)', dash: '2 3', marker: '■' },
    ]);
  });

  it('never draws two objectives alike, however many share an aim', () => {
    const aims = [
      'accuracy',
      'form',
      'form',
      'form',
      'faithfulness',
      'faithfulness',
      'faithfulness',
      'comprehensiveness',
      'comprehensiveness',
    ] as const;
    const styles = objectiveStyles(aims.map((aim, at) => objective(`${aim}-${at}`, aim)));
    const drawn = [...styles.values()].map(({ color, dash }) => `${color} ${dash}`);
    expect(new Set(drawn).size).toBe(aims.length);
  });
});
