/** The form of one objective of a person's own, beside a text to try it on. Saves only what the engine takes. */
import {
  type ChangeEvent,
  type FormEvent,
  type ReactNode,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
} from 'react';
import { CUSTOM_LIMITS, type CustomObjective, type RunConfig, toErrorRecord } from '../../../protocol';
import {
  type CustomField,
  type CustomForm,
  customProblems,
  definitionOf,
  PLACES,
  refusedField,
} from '../../store/customObjectives';
import { useScorer } from '../context';
import { Button } from '../kit/Button';
import { Dialog } from '../kit/Dialog';
import { Segmented } from '../kit/Segmented';
import css from './CustomObjectiveForm.module.css';
import { TryObjective } from './TryObjective';
import { useTrial } from './useTrial';

interface CustomObjectiveFormProps {
  readonly title: string;
  readonly initial: CustomForm;
  /** Names of the other objectives. */
  readonly taken: ReadonlySet<string>;
  /** Its tags are those of the text to try. */
  readonly draft: RunConfig;
  readonly onSave: (definition: CustomObjective) => void;
  readonly onClose: () => void;
}

type Refused = NonNullable<ReturnType<typeof refusedField>>;

const KINDS = [
  { value: 'terms', label: 'listed terms' },
  { value: 'pattern', label: 'a pattern' },
] as const;

export function CustomObjectiveForm(props: CustomObjectiveFormProps) {
  const { title, initial, taken, draft, onSave, onClose } = props;
  const scorer = useScorer();
  const [form, setForm] = useState(initial);
  const [touched, setTouched] = useState<ReadonlySet<CustomField>>(new Set());
  /** Counts the tries to save: all problems are shown, and the first gets the focus. */
  const [tries, setTries] = useState(0);
  /** What the engine said when it was asked to save `definition`. */
  const [refusal, setRefusal] = useState<{ of: CustomObjective; said: Refused } | null>(null);
  const element = useRef<HTMLFormElement>(null);
  const definition = useMemo(() => definitionOf(form), [form]);
  const problems = customProblems(definition, taken);
  const trial = useTrial(definition, draft);
  const refused = refusal?.of === definition ? refusal.said : trial.error && refusedField(trial.error);

  useEffect(() => {
    if (tries > 0) element.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [tries]);

  const change = (field: CustomField, changes: Partial<CustomForm>) => {
    setForm({ ...form, ...changes });
    setTouched(new Set([...touched, field]));
  };
  const problemOf = (field: CustomField): string | null => {
    const own = problems.get(field) ?? null;
    if (own) return tries > 0 || touched.has(field) ? own : null;
    return refused?.[0] === field ? refused[1] : null;
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (problems.size > 0) return setTries(tries + 1);
    try {
      await scorer.score(trial.input, { ...trial.rewards, custom: [definition] });
    } catch (thrown) {
      const said = refusedField(toErrorRecord(thrown));
      if (said) {
        setRefusal({ of: definition, said });
        return setTries(tries + 1);
      }
      // Nobody can be asked: the trainer checks when the run starts.
    }
    onSave(definition);
  };

  return (
    <Dialog title={title} onClose={onClose}>
      <form ref={element} className={css.form} noValidate onSubmit={(event) => void submit(event)}>
        <Field label="Name" problem={problemOf('name')} help="Its curve and column are called so.">
          {(control) => (
            <input
              {...control}
              value={form.name}
              maxLength={CUSTOM_LIMITS.name}
              spellCheck={false}
              autoComplete="off"
              placeholder="hedging"
              onChange={(event) => change('name', { name: event.target.value })}
            />
          )}
        </Field>
        <Segmented
          label="What counts"
          value={form.kind}
          choices={KINDS}
          onChange={(kind) => {
            setForm({ ...form, kind });
            setTouched(new Set([...touched].filter((field) => field !== 'match')));
          }}
        />
        {form.kind === 'pattern' ? (
          <Field
            label="Pattern"
            problem={problemOf('match')}
            help="A regular expression as in RE2, without lookaround and backreferences. (?i) ignores letter case."
          >
            {(control) => (
              <input
                {...control}
                className={css.code}
                value={form.pattern}
                maxLength={CUSTOM_LIMITS.pattern}
                spellCheck={false}
                autoComplete="off"
                placeholder="(?i)\b(maybe|perhaps|possibl[ey])\b"
                onChange={(event) => change('match', { pattern: event.target.value })}
              />
            )}
          </Field>
        ) : (
          <Field
            label="Terms, one a line"
            problem={problemOf('match')}
            help="Whole words or phrases. Letter case does not count, nor whether a space or a hyphen divides."
          >
            {(control) => (
              <textarea
                {...control}
                rows={4}
                value={form.terms}
                spellCheck={false}
                placeholder={'maybe\nit is possible that'}
                onChange={(event) => change('match', { terms: event.target.value })}
              />
            )}
          </Field>
        )}
        <div className={css.row}>
          <Field label="Counted in" problem={problemOf('where')}>
            {(control) => (
              <select
                {...control}
                value={form.where}
                onChange={(event: ChangeEvent<HTMLSelectElement>) =>
                  change('where', { where: PLACES.find((place) => place === event.target.value)! })
                }
              >
                {PLACES.map((place) => (
                  <option key={place}>{place}</option>
                ))}
              </select>
            )}
          </Field>
          <Field label="Matches that earn all" problem={problemOf('cap')}>
            {(control) => (
              <input
                {...control}
                inputMode="numeric"
                value={form.cap}
                onChange={(event) => change('cap', { cap: event.target.value })}
              />
            )}
          </Field>
          <Field label="Weight" problem={problemOf('weight')} help="Below 0 is a penalty.">
            {(control) => (
              <input
                {...control}
                inputMode="decimal"
                value={form.weight}
                onChange={(event) => change('weight', { weight: event.target.value })}
              />
            )}
          </Field>
        </div>
        <TryObjective trial={trial} />
        <div className={css.actions}>
          <Button label="Cancel" onClick={onClose} />
          <Button label="Save" tone="primary" submit />
        </div>
      </form>
    </Dialog>
  );
}

interface FieldProps {
  readonly label: string;
  readonly problem: string | null;
  readonly help?: string;
  readonly children: (control: {
    id: string;
    'aria-invalid': boolean;
    'aria-describedby': string;
  }) => ReactNode;
}

/** A control with its label, and what is wrong with it, said as soon as it is. */
function Field({ label, problem, help, children }: FieldProps) {
  const id = useId();
  return (
    <div className={css.field}>
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        'aria-invalid': problem !== null,
        'aria-describedby': help ? `${id}-problem ${id}-help` : `${id}-problem`,
      })}
      <p id={`${id}-problem`} className={css.problem} aria-live="polite">
        {problem}
      </p>
      {help && (
        <p id={`${id}-help`} className={css.help}>
          {help}
        </p>
      )}
    </div>
  );
}
