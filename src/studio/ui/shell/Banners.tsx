/** What the whole page should know before anything else: read-only, no trainer, lost data, a waiting file, a slow backend. */
import type { ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { backendOf } from '../../store/backend';
import { useSession, useStudio } from '../context';
import { Button } from '../kit/Button';
import { cx } from '../kit/cx';
import { Icon } from '../kit/Icon';
import css from './Banners.module.css';
import { ErrorText } from './ErrorPanel';

export function Banners() {
  const session = useSession();
  const stage = useStudio((state) => state.stage);
  const alive = useStudio((state) => state.trainerAlive);
  const holdsLock = useStudio((state) => state.holdsLock);
  const backend = useStudio((state) => state.ready?.backend);
  const plainBecause = useStudio((state) => state.model?.plainBecause);
  const notice = backend && backendOf(backend, plainBecause).notice;
  const lost = useStudio((state) => state.storage?.lost);
  const unread = useStudio((state) => state.data.unread);
  const [location] = useLocation();
  return (
    <>
      {stage === 'failed' && (
        <Banner tone="bad">
          <p>
            <strong>The trainer did not start.</strong> CRPO Studio needs Chrome or Edge 123 or newer; a GPU
            is not required, it only makes training faster. Datasets can still be looked at.{' '}
            {'gpu' in navigator
              ? 'WebGPU is there.'
              : 'This browser has no WebGPU: enable hardware acceleration, or open the page with ?backend=wasm.'}
          </p>
          <Button label="Try again" icon="restart" onClick={() => session.restartTrainer()} />
        </Banner>
      )}
      {stage !== 'failed' && stage !== 'starting' && !alive && (
        <Banner tone="bad">
          <p>
            <strong>The trainer stopped.</strong> Stored checkpoints are untouched: restart it, then resume
            one.
          </p>
          <Button label="Restart the trainer" icon="restart" onClick={() => session.restartTrainer()} />
        </Banner>
      )}
      {!holdsLock && (
        <Banner tone="warn">
          <p>
            <strong>Read-only.</strong> Another tab of CRPO Studio holds the trainer. Close it and this tab
            takes over.
          </p>
        </Banner>
      )}
      {lost && (
        <Banner tone="bad">
          <ErrorText record={lost} />
        </Banner>
      )}
      {unread && location !== '/data' && (
        <Banner tone="plain">
          <p>
            <strong>
              <bdi>{unread.name}</bdi>
            </strong>{' '}
            is not read yet: <Link href="/data">say how under Data</Link>.
          </p>
        </Banner>
      )}
      {notice && (
        <Banner tone="plain">
          <p>{notice}</p>
        </Banner>
      )}
    </>
  );
}

function Banner({
  tone,
  children,
}: {
  readonly tone: 'plain' | 'warn' | 'bad';
  readonly children: ReactNode;
}) {
  return (
    <div role="status" className={cx(css.banner, css[tone])}>
      {tone !== 'bad' && <Icon name={tone === 'warn' ? 'lock' : 'info'} />}
      {children}
    </div>
  );
}
