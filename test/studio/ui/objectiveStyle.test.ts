import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OBJECTIVES } from '../../../src/engine/rewards';
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
const own = (count: number) => Array.from({ length: count }, (_, at) => objective(`own-${at}`, 'custom'));

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

  it('never draws two objectives alike: the built-in ones and twenty of one’s own', () => {
    const all = [...OBJECTIVES.map(({ descriptor }) => descriptor), ...own(20)];
    const drawn = [...objectiveStyles(all).values()].map(({ color, dash }) => `${color} ${dash}`);
    expect(new Set(drawn).size).toBe(all.length);
  });

  it('marks one’s own objectives by hues, dashes and markers that no other aim has', () => {
    const aims = ['accuracy', 'faithfulness', 'comprehensiveness', 'form', 'form', 'form'] as const;
    const others = [...objectiveStyles(aims.map((aim, at) => objective(`${aim}-${at}`, aim))).values()];
    const three = [...objectiveStyles(own(3)).values()];
    for (const part of ['color', 'dash', 'marker'] as const) {
      const parts = [...others, ...three].map((style) => style[part]);
      expect(new Set(parts).size, part).toBe(parts.length);
    }
  });
});

type Triple = readonly [number, number, number];

/** Severity 1: Machado, Oliveira and Fernandes, IEEE TVCG 15 (2009), in linear sRGB. */
const VISIONS: readonly (readonly Triple[])[] = [
  [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
];

const times = (matrix: readonly Triple[], [x, y, z]: Triple): Triple =>
  matrix.map(([a, b, c]) => a * x + b * y + c * z) as unknown as Triple;
const linear = (hex: string): Triple =>
  [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as unknown as Triple;

/** Ottosson's OKLab of a linear sRGB colour. */
function oklab(rgb: Triple): Triple {
  const cones = times(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    rgb,
  );
  return times(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    cones.map((value) => Math.cbrt(Math.max(0, value))) as unknown as Triple,
  );
}

/** The least distance that any of the four kinds of vision sees. */
const distance = (a: string, b: string) =>
  Math.min(
    ...VISIONS.map((vision) => {
      const [one, other] = [a, b].map((hex) => oklab(times(vision, linear(hex)))) as [Triple, Triple];
      return Math.hypot(one[0] - other[0], one[1] - other[1], one[2] - other[2]);
    }),
  );
const luminance = (hex: string) => {
  const [red, green, blue] = linear(hex);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const contrast = (a: string, b: string) => {
  const [darker, lighter] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
};

describe.each(['light', 'dark'] as const)('the hues of one’s own objectives, %s', (theme) => {
  const css = readFileSync('src/studio/ui/tokens.css', 'utf8');
  const token = (name: string) => {
    const values = new RegExp(`--${name}: light-dark\\((#\\w{6}), (#\\w{6})\\)`).exec(css)!;
    return values[theme === 'light' ? 1 : 2]!;
  };
  const mine = ['custom-1', 'custom-2', 'custom-3'].map(token);
  const others = ['accuracy', 'faithfulness', 'comprehensiveness', 'form-1', 'form-2', 'form-3', 'total'].map(
    token,
  );

  it('can be read as text on every surface', () => {
    for (const surface of ['bg', 'panel', 'inset'].map(token))
      for (const color of mine) expect(contrast(color, surface), color).toBeGreaterThanOrEqual(4.5);
  });

  it('are apart from each other and from the rest, whatever the colour vision', () => {
    // Okabe and Ito's seven colours come to 0.076 by the same measure.
    for (const [index, color] of mine.entries())
      for (const other of [...others, ...mine.slice(0, index)])
        expect(distance(color, other), `${color} ${other}`).toBeGreaterThan(0.07);
  });
});
