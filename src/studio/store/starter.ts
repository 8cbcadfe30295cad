/** The bundled starter: a tiny policy and synthetic cases beside the page, so that one click trains. */
import { type NamedFile, StudioError } from '../../protocol';

const POLICY = './starter/policy/';
const POLICY_FILES = [
  'config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'generation_config.json',
  'model.safetensors',
];

export const STARTER_MODEL = 'starter policy';
/** To train on. */
export const STARTER_CASES = { name: 'starter-cases.jsonl', path: './starter/cases.jsonl' };
/** To evaluate on: none of its questions is in the cases. */
export const STARTER_HELD_OUT = { name: 'starter-heldout.jsonl', path: './starter/heldout.jsonl' };

export const starterPolicy = (): Promise<NamedFile[]> =>
  Promise.all(POLICY_FILES.map(async (path) => ({ path, file: await fetchBeside(POLICY + path) })));

/** From the page's own origin; nothing is ever fetched from elsewhere. */
export async function fetchBeside(path: string): Promise<Blob> {
  const failed = (reason: string, cause?: unknown) =>
    new StudioError(
      {
        boundary: 'data',
        code: 'starter-missing',
        message: `The bundled file ${path} could not be read: ${reason}.`,
        action: 'Drop your own model folder and dataset, or reload the page.',
        file: path,
      },
      { cause },
    );
  let response: Response;
  try {
    response = await fetch(path);
  } catch (cause) {
    throw failed(String(cause), cause);
  }
  if (!response.ok) throw failed(`the server answered ${response.status}`);
  return response.blob();
}
