/**
 * Language consistency: objective (c), exactly as in Clinical-R1's released rule: the fraction of
 * code points that are English letters, digits or listed signs. Tab, CR, °, é and curly quotes are
 * not; a line feed is.
 */
import type { EvidenceSpan } from '../../protocol/scoring';
import { evidenceSpan, figure, MAX_EVIDENCE_SPANS } from './evidence';
import type { Objective } from './objective';
import { codePointLength } from './python-text';

const ENGLISH =
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789' + '.,!?;:\'"()[]{}<>-_/\\|`~@#$%^&*+= \n';

const englishUnits = new Uint8Array(0x80);
for (const character of ENGLISH) englishUnits[character.charCodeAt(0)] = 1;

function isEnglish(unit: number): boolean {
  return unit < 0x80 && englishUnits[unit] === 1;
}

export const language: Objective = {
  descriptor: {
    name: 'language',
    label: 'Language',
    help: 'The fraction of characters that are English letters, digits, common signs, spaces or line feeds; 0 for an empty response.',
    aim: 'form',
    min: 0,
    max: 1,
    source: 'Clinical-R1 released code, medical_rule_based.py (english_reward)',
  },
  score(response) {
    const { text } = response;
    const spans: EvidenceSpan[] = [];
    let characters = 0;
    let english = 0;
    let index = 0;
    while (index < text.length) {
      const englishStart = index;
      while (index < text.length && isEnglish(text.charCodeAt(index))) index++;
      english += index - englishStart;
      characters += index - englishStart;

      const start = index;
      while (index < text.length && !isEnglish(text.charCodeAt(index))) {
        index += codePointLength(text, index);
        characters++;
      }
      if (index > start && spans.length < MAX_EVIDENCE_SPANS) {
        spans.push(evidenceSpan(response, { start, end: index }, 'not-english'));
      }
    }

    const value = characters === 0 ? 0 : english / characters;
    return {
      value,
      evidence: {
        rule: characters === 0 ? 'empty' : 'fraction',
        counts: { characters, english },
        spans,
        items: [],
        arithmetic: characters === 0 ? 'no characters: 0' : `${english} / ${characters} = ${figure(value)}`,
      },
    };
  },
};
