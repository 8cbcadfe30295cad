/** How a configuration from a file or the page is refused: the path, what was expected, what came. */
import { StudioError } from '../protocol/errors';

/** `config-invalid`: `optimizer.learningRate: expected a number from 0 to 1, received "x"`. */
export function invalidSetting(path: string, expected: string, received: unknown): StudioError {
  return configError(`${path}: expected ${expected}, received ${described(received)}`);
}

export function configError(
  message: string,
  action = 'Correct this setting, or start from the defaults.',
): StudioError {
  return new StudioError({ boundary: 'protocol', code: 'config-invalid', message, action });
}

/** Short and without surprises for whatever a file may hold. */
function described(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80));
  if (typeof value !== 'object' || value === null) return String(value);
  return Array.isArray(value) ? `a list of ${value.length}` : 'an object';
}
