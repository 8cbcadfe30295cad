/** Things worth knowing about a row that do not make it unusable: the row is kept and counted. */

const IMAGE_REFERENCE = new RegExp(
  [
    String.raw`\(\s*(?:see\s+)?(?:image|figure|exhibit)\b`,
    String.raw`\bfigures?\s+(?:\d|[A-H]\b)`,
    String.raw`\b(?:shown|seen|depicted|demonstrated)\s+in\s+(?:the\s+)?(?:image|figure|exhibit|picture|photograph)`,
    String.raw`\b(?:image|figure|photograph|picture)s?\s+(?:below|above)`,
    String.raw`\b(?:image|photograph|picture)\s+of\b[^.?]{0,80}\b(?:is|are)\s+shown`,
  ].join('|'),
  'i',
);

/** Whether the question points at a picture, which a text model does not get. Wording only; may err. */
export function refersToImage(question: string): boolean {
  return IMAGE_REFERENCE.test(question);
}
