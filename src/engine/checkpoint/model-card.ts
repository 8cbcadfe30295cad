/** The README.md of an exported checkpoint: a Hugging Face model card that says what it is and is not for. */
import type { CheckpointFacts } from './facts';

/** `resume` is what the run stored of itself; of it the card tells `config` and `environment`. */
export function modelCard(
  facts: CheckpointFacts,
  resume: Readonly<Record<string, unknown>>,
  isLora: boolean,
): string {
  const { runName, modelName, step, createdAt, metrics } = facts;
  const sections = [
    frontMatter(modelName, isLora),
    `# ${escapeText(runName)}, step ${step}`,
    '**For research only. Not for clinical use.** This model must not inform the care of any patient: its answers ' +
      'can be wrong while they sound certain, and nobody has assessed it as a medical device.',
    `\`${modelName.replaceAll('`', "'")}\` after ${step} optimizer updates of CRPO (a GRPO whose rewards are verified by ` +
      `rules), trained in a browser tab with CRPO Studio and saved at ${escapeText(createdAt)}.`,
    '## What is here',
    fileList(isLora),
    '## Metrics of the last step',
    table(['metric', 'value'], Object.entries(metrics)),
    '## Configuration',
    table(['setting', 'value'], flatten(resume.config)),
    '## Environment',
    table(['', ''], flatten(resume.environment)),
  ];
  return `${sections.join('\n\n')}\n`;
}

function frontMatter(modelName: string, isLora: boolean): string {
  const tags = ['crpo', 'grpo', 'clinical-reasoning', 'research-only', ...(isLora ? ['lora'] : [])];
  // A JSON string is a YAML string.
  return `---\nlibrary_name: transformers\nbase_model: ${JSON.stringify(modelName)}\ntags: [${tags.join(', ')}]\n---`;
}

function fileList(isLora: boolean): string {
  const lines = isLora
    ? [
        '- The top level is an ordinary Hugging Face folder; `model.safetensors` has the adapter folded in (float32).',
        '- `adapter/` is the LoRA adapter alone, for PEFT. It belongs on the base model, not on these merged weights.',
        '- `resume/` holds the base weights and the state from which CRPO Studio resumes the run.',
      ]
    : [
        '- The top level is an ordinary Hugging Face folder; `model.safetensors` is the trained policy (float32).',
        '- `resume/` holds the state from which CRPO Studio resumes the run.',
      ];
  return lines.join('\n');
}

function table(
  [key, value]: readonly [string, string],
  rows: readonly (readonly [string, unknown])[],
): string {
  if (rows.length === 0) return 'None was recorded.';
  const line = (cells: readonly unknown[]) =>
    `| ${cells.map((cell) => escapeText(String(cell))).join(' | ')} |`;
  return [line([key, value]), '| --- | --- |', ...rows.map(line)].join('\n');
}

/** Nested records and lists of records as dotted paths and plain values; a list of plain values is one. */
function flatten(value: unknown, path = ''): [string, unknown][] {
  if (Array.isArray(value) && !value.some((member) => typeof member === 'object'))
    return [[path, value.join(', ')]];
  if (typeof value !== 'object' || value === null) return path === '' ? [] : [[path, value]];
  return Object.entries(value).flatMap(([key, member]) =>
    flatten(member, path === '' ? key : `${path}.${key}`),
  );
}

/** Names come from people and files: nothing of them becomes markup, a table border or a second line. */
function escapeText(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\`*[\]<>|&]/g, (character) => `&#${character.charCodeAt(0)};`);
}
