/** One setting: its label, the control its kind asks for, and what is wrong with its value. */
import { useEffect, useId, useState } from 'react';
import type { SettingDescriptor, SettingValue } from '../../../protocol';
import { checkSetting, showSetting } from '../../store/settings';
import { cx } from '../kit/cx';
import { Icon } from '../kit/Icon';
import css from './SettingRow.module.css';

/** Texts that may be longer than this get several lines. */
const LINE_LENGTH = 200;

interface SettingRowProps {
  readonly setting: SettingDescriptor;
  readonly value: SettingValue | undefined;
  readonly onChange: (value: SettingValue) => void;
  readonly onFocus: (setting: SettingDescriptor) => void;
}

export function SettingRow({ setting, value, onChange, onFocus }: SettingRowProps) {
  const id = useId();
  const problem = checkSetting(setting, value);
  const hot = setting.applies === 'next-step';
  const wide = setting.kind === 'choices' || (setting.kind === 'text' && (setting.max ?? 0) > LINE_LENGTH);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only hears which of its controls has the focus
    <div className={cx(css.row, wide && css.wide)} title={setting.help} onFocus={() => onFocus(setting)}>
      <label htmlFor={id} className={css.label}>
        {setting.label}
      </label>
      <Control
        id={id}
        setting={setting}
        value={value}
        onChange={onChange}
        problemId={problem ? `${id}-problem` : undefined}
      />
      <span
        className={cx(css.applies, hot && css.hot)}
        title={hot ? 'Taken up by the next step' : 'Needs a new run'}
      >
        <Icon name={hot ? 'bolt' : 'restart'} size={13} />
      </span>
      {problem && (
        <p id={`${id}-problem`} className={css.problem}>
          {problem}
        </p>
      )}
    </div>
  );
}

interface ControlProps {
  readonly id: string;
  readonly setting: SettingDescriptor;
  readonly value: SettingValue | undefined;
  readonly onChange: (value: SettingValue) => void;
  readonly problemId: string | undefined;
}

function Control({ id, setting, value, onChange, problemId }: ControlProps) {
  const invalid = { 'aria-invalid': problemId !== undefined, 'aria-describedby': problemId };
  switch (setting.kind) {
    case 'number':
    case 'integer':
      return (
        <NumberControl id={id} setting={setting} value={value} onChange={onChange} problemId={problemId} />
      );
    case 'boolean':
      return (
        <span className={css.control}>
          <input
            id={id}
            type="checkbox"
            checked={value === true}
            onChange={(event) => onChange(event.target.checked)}
          />
        </span>
      );
    case 'choice':
      return (
        <select
          id={id}
          className={css.control}
          value={String(value)}
          onChange={(event) => onChange(event.target.value)}
          {...invalid}
        >
          {setting.choices?.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      );
    case 'choices': {
      const chosen = Array.isArray(value) ? (value as readonly string[]) : [];
      return (
        <fieldset id={id} className={css.choices} aria-label={setting.label}>
          {setting.choices?.map((choice) => (
            <label key={choice}>
              <input
                type="checkbox"
                checked={chosen.includes(choice)}
                onChange={(event) =>
                  onChange(
                    setting.choices!.filter((each) =>
                      each === choice ? event.target.checked : chosen.includes(each),
                    ),
                  )
                }
              />
              {choice}
            </label>
          ))}
        </fieldset>
      );
    }
    case 'text': {
      const props = { id, className: css.control, value: String(value ?? ''), ...invalid };
      return (setting.max ?? 0) > LINE_LENGTH ? (
        <textarea rows={5} {...props} onChange={(event) => onChange(event.target.value)} />
      ) : (
        <input type="text" {...props} onChange={(event) => onChange(event.target.value)} />
      );
    }
    case 'objectives':
      return null; // drawn by `CustomObjectives`
    default:
      return setting.kind satisfies never;
  }
}

/** Keeps what is typed until it is a number: `1e-` is on its way to 1e-5. An empty nullable field is off. */
function NumberControl({ id, setting, value, onChange, problemId }: ControlProps) {
  const shown = value === null ? '' : typeof value === 'number' ? showSetting(value) : '';
  const [text, setText] = useState(shown);
  const [typing, setTyping] = useState(false);
  useEffect(() => {
    if (!typing) setText(shown);
  }, [shown, typing]);
  return (
    <input
      id={id}
      className={css.control}
      type="text"
      inputMode="decimal"
      autoComplete="off"
      spellCheck={false}
      value={text}
      placeholder={setting.nullable ? 'off' : undefined}
      aria-invalid={problemId !== undefined}
      aria-describedby={problemId}
      onFocus={() => setTyping(true)}
      onBlur={() => setTyping(false)}
      onChange={(event) => {
        const typed = event.target.value;
        setText(typed);
        if (typed.trim() === '') onChange(setting.nullable ? null : Number.NaN);
        else onChange(Number(typed.replace(',', '.')));
      }}
    />
  );
}
