/** Before a run starts: the GPU memory that it will hold, its parts, and a word where that is too much. */
import { formatMebibytes, formatPercent } from '../../store/format';
import { memoryWarning, partsOf } from '../../store/memory';
import { cx } from '../kit/cx';
import { Icon } from '../kit/Icon';
import { ErrorText } from '../shell/ErrorPanel';
import css from './GpuMemory.module.css';
import { useMemoryPlan } from './useMemoryPlan';

export function GpuMemory() {
  const shown = useMemoryPlan();
  if (shown === null) return null;
  const { plan, error, config, outdated } = shown;
  if (error)
    return (
      <div className={css.error}>
        <ErrorText record={error} />
      </div>
    );
  if (plan === null) return null;
  const parts = partsOf(plan);
  const warning = memoryWarning(plan, config);
  const whole = Math.max(plan.bytes, plan.limitBytes);
  return (
    <div className={cx(css.memory, outdated && css.outdated)} aria-busy={outdated}>
      <details>
        <summary className={css.summary}>
          <span className={css.line}>
            <span>
              GPU memory <strong>{formatMebibytes(plan.bytes)}</strong> of {formatMebibytes(plan.limitBytes)}
            </span>
            <span className={css.bar} aria-hidden="true">
              {parts.map(({ name, bytes }) => (
                <span key={name} className={css.part} style={{ width: `${(100 * bytes) / whole}%` }} />
              ))}
              {warning && (
                <span className={css.limit} style={{ left: `${(100 * plan.limitBytes) / whole}%` }} />
              )}
            </span>
          </span>
        </summary>
        <table className={css.parts}>
          <caption className={css.caption}>
            The most that is held at one time, for the longest prompts and completions. The browser takes some
            more.
          </caption>
          <tbody>
            {parts.map(({ name, label, bytes, share }) => (
              <tr key={name}>
                <th scope="row">{label}</th>
                <td>{formatMebibytes(bytes)}</td>
                <td>{share < 0.005 ? '< 1 %' : formatPercent(share, 0)}</td>
                <td className={css.share} aria-hidden="true">
                  <span className={css.part} style={{ width: `${100 * share}%` }} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
      <p role="status" className={css.warning}>
        {warning && (
          <>
            <Icon name="alert" size={14} />
            <span>{warning}</span>
          </>
        )}
      </p>
    </div>
  );
}
