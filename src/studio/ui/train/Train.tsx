/** A run (S3): its controls and progress, its curves and health, and the settings it was started with. */
import { useState } from 'react';
import { useStudio } from '../context';
import { Button } from '../kit/Button';
import { cx } from '../kit/cx';
import { Curves } from './Curves';
import { Health } from './Health';
import { RunPanel } from './RunPanel';
import { Settings } from './Settings';
import css from './Train.module.css';

export function Train() {
  const [settings, setSettings] = useState(true);
  const started = useStudio((state) => state.history.steps.length > 0);
  return (
    <div className={cx(css.screen, !settings && css.wide)}>
      <h1 className={css.hidden}>Train</h1>
      <div className={css.head}>
        <RunPanel />
      </div>
      {settings && (
        <div className={css.settings}>
          <Settings onHide={() => setSettings(false)} />
        </div>
      )}
      <div className={css.charts}>
        {!settings && (
          <div className={css.show}>
            <Button label="Show settings" icon="right" onClick={() => setSettings(true)} />
          </div>
        )}
        <Curves />
        {started && <Health />}
      </div>
    </div>
  );
}
