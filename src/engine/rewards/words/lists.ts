/** How the word data is written: words between spaces, forms between `|`. */

export function wordSet(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}

export function forms(text: string): readonly string[] {
  return text.split('|').map((form) => form.trim());
}
