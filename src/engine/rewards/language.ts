/**
 * Language consistency: objective (c), exactly as in Clinical-R1's released rule: the fraction of
 * code points that are English letters, digits or listed signs. Tab, CR, °, é and curly quotes are
 * not; a line feed is.
 */
import { type EvidenceSpan, evidenceSpan, MAX_EVIDENCE_SPANS } from './evidence';
import type { Objective } from './objective';
import { codePointLength } from './python-text';

const ENGLISH =
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789' + '.,!?;:\'"()[]{}<>-_/\\|`~@#$%^&*+= \n';

const isEnglish = new Uint8Array(0x80);
for (const character of ENGLISH) isEnglish[character.charCodeAt(0)] = 1;

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
    /** Start of the present run of characters that are not English; −1: none. */
    let runStart = -1;
    const endRun = (end: number) => {
      if (runStart !== -1 && spans.length < MAX_EVIDENCE_SPANS) {
        spans.push(evidenceSpan(response, { start: runStart, end }, 'not-english'));
      }
      runStart = -1;
    };

    for (let index = 0; index < text.length; characters++) {
      if (isEnglish[text.charCodeAt(index)] === 1) {
        english++;
        endRun(index);
        index += 1;
      } else {
        if (runStart === -1) runStart = index;
        index += codePointLength(text, index);
      }
    }
    endRun(text.length);

    return {
      value: characters === 0 ? 0 : english / characters,
      evidence: { rule: characters === 0 ? 'empty' : 'fraction', counts: { characters, english }, spans },
    };
  },
};
