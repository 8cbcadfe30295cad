// @vitest-environment happy-dom
import { act, cleanup, configure, render, screen, waitFor } from '@testing-library/react';
import { type ReactNode, useEffect, useRef } from 'react';
import { afterEach, expect, it, vi } from 'vitest';
import { ErrorBoundary } from '../../../src/studio/ui/kit/Panel';
import { type Stage, useDrawing } from '../../../src/studio/ui/train/turns';

configure({ asyncUtilTimeout: 10_000 });

/** What happened; a frame between two turns is a `·`. */
let log: string[] = [];

afterEach(() => {
  cleanup();
  log = [];
  vi.restoreAllMocks();
});

function logFrames() {
  const request = requestAnimationFrame;
  vi.spyOn(globalThis, 'requestAnimationFrame').mockImplementation((callback) =>
    request((at) => {
      log.push('·');
      callback(at);
    }),
  );
}

function Chart({ name }: { readonly name: string }) {
  useEffect(() => {
    log.push(`+${name}`);
    return () => void log.push(`-${name}`);
  }, [name]);
  return name;
}

function Place({ draw }: { readonly draw: ((stage: Stage) => ReactNode) | null }) {
  const place = useRef<HTMLDivElement>(null);
  useDrawing(place, draw);
  return <div ref={place} />;
}

const drawsOf = (name: string) => (stage: Stage) => (
  <Chart name={stage === 'lines' ? name : `${name} ${stage}`} />
);

it('draws each chart stage by stage, and takes it away, in turns with a frame before each', async () => {
  logFrames();
  const [a, b] = [drawsOf('a'), drawsOf('b')];
  const { unmount } = render(
    <>
      <Place draw={a} />
      <Place draw={b} />
    </>,
  );
  expect(log).toEqual([]);
  await waitFor(() => expect(log).toContain('+b'));
  expect(log.join(' ')).toBe(
    '· +a room · +b room · -a room +a axes · -b room +b axes · -a axes +a · -b axes +b',
  );
  unmount();
  expect(log.at(-1)).toBe('+b');
  await waitFor(() => expect(log).toContain('-b'));
  expect(log.slice(-4)).toEqual(['·', '-a', '·', '-b']);
});

it('keeps what is drawn while nothing new is wanted', async () => {
  const draw = drawsOf('a');
  const { container, rerender } = render(<Place draw={draw} />);
  await waitFor(() => expect(container.textContent).toBe('a'));
  rerender(<Place draw={null} />);
  await act(async () => void (await new Promise((resolve) => setTimeout(resolve, 60))));
  expect(container.textContent).toBe('a');
  expect(log).not.toContain('-a');
});

it('fails in the component that asked, and lets the others have their turns', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  const broken = () => {
    throw new Error('no scale');
  };
  const sound = drawsOf('a');
  render(
    <>
      <ErrorBoundary name="Reward">
        <Place draw={broken} />
      </ErrorBoundary>
      <Place draw={sound} />
    </>,
  );
  await waitFor(() => expect(screen.getByRole('alert').textContent).toContain('no scale'));
  await waitFor(() => expect(log).toContain('+a'));
});
