import { describe, expect, it } from 'vitest';
import { deriveConcept } from '../../../../src/engine/rewards/analysis/derived';
import { parseNumber } from '../../../../src/engine/rewards/analysis/number-mentions';
import { readPassage } from '../../../../src/engine/rewards/analysis/passage';
import { isNear, valueSet } from '../../../../src/engine/rewards/analysis/values';

/** `kind label values unit`, a mention each. */
const read = (text: string) =>
  readPassage(text).numbers.map(({ kind, label, values, unit }) =>
    [kind, label, values.map((value) => Number(value.toFixed(2))).join('/'), unit].filter(Boolean).join(' '),
  );

describe('numbers', () => {
  it.each([
    ['A 21-year-old man', ['age age 21 year']],
    ['a 6-week-old girl', ['age age 6 week']],
    ['at 45 years of age', ['age age 45 year']],
    ['a woman aged 30', ['age age 30 year']],
    ['a 30 yo man, a 31 y/o man', ['age age 30 year', 'age age 31 year']],
    ['for 3 days and two weeks', ['time time 3 day', 'time time 2 week']],
    ['His temperature is 38.5°C (101.3°F)', ['vital temp 38.5 c']],
    ['temperature of 101.3 F', ['vital temp 38.5 c']],
    ['temperature 101.3', ['vital temp 38.5 c']],
    ['Temp 39, pulse 104/min', ['vital temp 39 c', 'vital pulse 104 pulse']],
    ['respirations are 22/min and regular', ['vital resp 22 resp']],
    ['BP is 118/76 mm Hg', ['vital bp 118/76 mmhg']],
    ['it was 118/76 mm Hg', ['vital bp 118/76 mmhg']],
    ['pain is 7/10, then 8 out of 10', ['other pain score 7 /10', 'other pain score 8 /10']],
    ['vision is 20/40', ['other 20/40 ratio']],
    ['oxygen saturation is 91%', ['vital spo2 91 spo2']],
    ['91% on room air', ['vital spo2 91 spo2']],
    ['104 beats per minute, 20 breaths/min', ['vital pulse 104 pulse', 'vital resp 20 resp']],
    ['a leukocyte count of 15,200/mm3', ['lab leukocytes 15200 /mm3']],
    ['WBC 15.2 x 10^9/L, platelets 90 ×10⁹/L', ['lab leukocytes 15.2 x10^9/l', 'lab platelets 90 x10^9/l']],
    ['serum sodium was found to be low at 128 mEq/L', ['lab sodium 128 meq/l']],
    ['sodium 128, potassium 5.5', ['lab sodium 128', 'lab potassium 5.5']],
    ['urine dipstick: protein 2+, blood 1+', ['lab urine protein 2', 'lab urine blood 1']],
    ['the blood of 3 men', []],
    ['at 32 weeks gestation, G2P1', ['other gestation 32 week', 'other gravida para 2/1 gp']],
    ['a 5 cm mass (2 in)', ['other 5 cm']],
    ['weighs 70 kg (154 lb)', ['other 70 kg']],
    ['takes 250 mg', ['other 250 mg']],
    ['glucose 90 (N: 75-115) and calcium 12.1', ['lab glucose 90', 'lab calcium 12.1']],
    ['normal range: 4,500 to 11,000; his leukocyte count 15,200', ['lab leukocytes 15200']],
    ['pulse 900', []],
    ['smoked 2 packs', []],
    ['grade 3 of vitamin C', []],
  ])('%s', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it('keeps what a temperature was written as', () => {
    const [number] = readPassage('temperature 37.8°C (100°F)').numbers;
    expect(number!.written).toEqual([37.8, 100]);
  });

  it('reads numbers of any length', () => {
    expect(parseNumber('1,234,567.5')).toBe(1234567.5);
    expect(parseNumber('9'.repeat(400))).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('deriveConcept', () => {
  const derive = (text: string, child = false) => {
    const [number] = readPassage(text).numbers;
    const derived = deriveConcept(number!, child);
    return derived && `${derived.direction}: ${derived.concept}`;
  };

  it.each([
    ['temperature 38°C', 'high: fever'],
    ['temperature 37.9°C', null],
    ['temperature 34.9°C', 'low: hypothermia'],
    ['blood pressure 140/70', 'high: hypertension'],
    ['blood pressure 120/90', 'high: hypertension'],
    ['blood pressure 89/60', 'low: hypotension'],
    ['blood pressure 110/49', 'low: hypotension'],
    ['blood pressure 118/76', null],
    ['pulse 101', 'high: tachycardia'],
    ['hemoglobin 11.9 g/dL', 'low: anemia'],
    ['chloride 50 mEq/L', null],
  ])('%s → %s', (text, expected) => {
    expect(derive(text)).toBe(expected);
  });

  it('has no norms for children but those that hold for them too', () => {
    expect(derive('pulse 150', true)).toBeNull();
    expect(derive('blood pressure 80/40', true)).toBeNull();
    expect(derive('temperature 39°C', true)).toBe('high: fever');
  });
});

describe('valueSet', () => {
  it('finds a value within half a percent', () => {
    const { has } = valueSet([12.1, 38.5, 15200, Number.POSITIVE_INFINITY]);
    // 0.5 % of 15,270 is 76.35, of 15,277 is 76.385.
    expect([has(12.1), has(15270), has(15276), has(15277), has(0), has(39)]).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(has(Number.NaN)).toBe(false);
    expect(isNear(100.4, 100)).toBe(true);
    expect(isNear(100.6, 100)).toBe(false);
  });
});
