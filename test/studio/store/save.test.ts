// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest';
import { saveFile } from '../../../src/studio/store/save';

const exported = { name: 'run-step-5.zip', file: new Blob(['content']) };

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** The names of what was downloaded through a link. */
function downloads(): string[] {
  const names: string[] = [];
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
    names.push(`${this.download} ${this.href.slice(0, 5)}`);
  });
  return names;
}

describe('saveFile', () => {
  it('writes where the person chose', async () => {
    const chunks: string[] = [];
    const stream = new WritableStream<Uint8Array>({
      write: (chunk) => void chunks.push(new TextDecoder().decode(chunk)),
    });
    const picker = vi.fn(async () => ({ createWritable: async () => stream }));
    vi.stubGlobal('showSaveFilePicker', picker);
    const names = downloads();
    expect(await saveFile(exported)).toBe(true);
    expect(picker).toHaveBeenCalledWith({ suggestedName: 'run-step-5.zip' });
    expect([chunks.join(''), names]).toEqual(['content', []]);
  });

  it('does nothing when the picker is closed', async () => {
    vi.stubGlobal('showSaveFilePicker', async () => {
      throw new DOMException('closed', 'AbortError');
    });
    const names = downloads();
    expect([await saveFile(exported), names]).toEqual([false, []]);
  });

  it('downloads where there is no picker, or none is allowed any more', async () => {
    const names = downloads();
    expect(await saveFile(exported)).toBe(true);
    vi.stubGlobal('showSaveFilePicker', async () => {
      throw new DOMException('the click is too long ago', 'SecurityError');
    });
    expect(await saveFile(exported)).toBe(true);
    expect(names).toEqual(['run-step-5.zip blob:', 'run-step-5.zip blob:']);
  });

  it('tells a disk that is full', async () => {
    vi.stubGlobal('showSaveFilePicker', async () => {
      throw new DOMException('no space', 'QuotaExceededError');
    });
    await expect(saveFile(exported)).rejects.toThrow('no space');
  });
});
