/** The frame around every screen: rail, top bar, banners, bottom line; and the routes. */
import { useEffect, useState } from 'react';
import { Redirect, Route, Router, Switch, useLocation } from 'wouter';
import { useHashLocation } from 'wouter/use-hash-location';
import css from './App.module.css';
import { Bench } from './bench/Bench';
import { Checkpoints } from './checkpoints/Checkpoints';
import { afterNextFrame, useSession, useStudio } from './context';
import { Data } from './data/Data';
import { useAnnouncement, usePersistentStorage, useSaveWhenHidden, useTitle, useWakeLock } from './effects';
import { Compare } from './evaluate/Compare';
import { Detail } from './evaluate/Detail';
import { Evaluate } from './evaluate/Evaluate';
import { Home } from './home/Home';
import { useKeys } from './keys';
import { ErrorBoundary } from './kit/Panel';
import { Rollouts } from './rollouts/Rollouts';
import { Banners } from './shell/Banners';
import { DropZone } from './shell/DropZone';
import { KeySheet } from './shell/KeySheet';
import { QuestionDialog } from './shell/QuestionDialog';
import { Rail } from './shell/Rail';
import { StatusBar } from './shell/StatusBar';
import { Toasts } from './shell/Toasts';
import { TopBar } from './shell/TopBar';
import { useTheme } from './theme';
import { Curves } from './train/Curves';
import { Train } from './train/Train';

/** `?capture`: the curves alone, light, 1200 × 700, for a picture of a run. */
const isCapture = () => new URLSearchParams(location.search).has('capture');

export function App() {
  useTitle();
  useWakeLock();
  useSaveWhenHidden();
  usePersistentStorage();
  return <Router hook={useHashLocation}>{isCapture() ? <Capture /> : <Studio />}</Router>;
}

function Studio() {
  const [theme, setTheme] = useTheme();
  const [sheet, setSheet] = useState(false);
  useShellKeys(() => setSheet(true));
  const shown = useShownLocation();
  return (
    <DropZone>
      <button type="button" className={css.skip} onClick={() => document.getElementById('main')?.focus()}>
        Skip to the screen
      </button>
      <div className={css.frame}>
        <TopBar theme={theme} onTheme={setTheme} onKeys={() => setSheet(true)} />
        <div className={css.banners}>
          <Banners />
        </div>
        <Rail />
        <main
          id="main"
          className={css.main}
          tabIndex={-1}
          aria-busy={shown === null}
          data-screen={shown === null ? undefined : screenOf(shown)}
        >
          <ErrorBoundary name="This screen">
            {shown !== null && (
              <Switch location={shown}>
                <Route path="/" component={Home} />
                <Route path="/data" component={Data} />
                <Route path="/train" component={Train} />
                <Route path="/rollouts/:step?/:group?/:index?">{(params) => <Rollouts {...params} />}</Route>
                <Route path="/evaluate" component={Evaluate} />
                <Route path="/evaluate/compare/:first?/:firstDataset?/:second?/:secondDataset?/:caseId?">
                  {(params) => <Compare {...params} />}
                </Route>
                <Route path="/evaluate/:id?/:dataset?/:caseIndex?">
                  {(params) => <Detail {...params} />}
                </Route>
                <Route path="/checkpoints" component={Checkpoints} />
                <Route path="/bench" component={Bench} />
                <Route>
                  <Redirect to="/" replace />
                </Route>
              </Switch>
            )}
          </ErrorBoundary>
        </main>
        <StatusBar />
      </div>
      <Toasts />
      <QuestionDialog />
      {sheet && <KeySheet onClose={() => setSheet(false)} />}
      <LiveRegion />
    </DropZone>
  );
}

const screenOf = (location: string): string => location.split('/')[1] ?? '';

/**
 * The address of the screen to show; null between two screens. The one is left and the other opened in
 * tasks of their own, each after a painted frame: together, and with the click, they would be a long one.
 */
function useShownLocation(): string | null {
  const [location] = useLocation();
  const [shown, setShown] = useState<string | null>(location);
  const isThere = shown !== null && screenOf(shown) === screenOf(location);
  if (isThere && shown !== location) setShown(location);
  useEffect(() => {
    if (isThere) return;
    return afterNextFrame(() => setShown(shown === null ? location : null));
  }, [isThere, shown, location]);
  return isThere ? location : shown;
}

function useShellKeys(showSheet: () => void): void {
  const session = useSession();
  const [, navigate] = useLocation();
  const status = useStudio((state) => state.run?.status);
  useKeys({
    sheet: showSheet,
    goHome: () => navigate('/'),
    goData: () => navigate('/data'),
    goTrain: () => navigate('/train'),
    goRollouts: () => navigate('/rollouts'),
    goEvaluate: () => navigate('/evaluate'),
    goCheckpoints: () => navigate('/checkpoints'),
    toggle:
      status === 'running'
        ? () => void session.pause()
        : status === 'paused'
          ? () => void session.continue()
          : undefined,
    singleStep: status === 'paused' ? () => void session.singleStep() : undefined,
  });
}

function LiveRegion() {
  return (
    <p className={css.live} aria-live="polite">
      {useAnnouncement()}
    </p>
  );
}

function Capture() {
  useTheme('light');
  return (
    <main className={css.capture}>
      <h1 className={css.live}>Curves of the run</h1>
      <Curves />
    </main>
  );
}
