/** The page's entry: store, session, `window.crpoStudio`, and React over them. */
import { createRoot } from 'react-dom/client';
import { type BackendChoice, StudioError } from '../protocol';
import { createAutomation } from './store/automation';
import { threadsAsked } from './store/backend';
import { openDatasetWorker, openScorerWorker, openTrainerWorker } from './store/client';
import { Scorer } from './store/scorer';
import { Session } from './store/session';
import { createStudioStore, onNextFrame } from './store/studio';
import { App } from './ui/App';
import { StudioContext } from './ui/context';
import './ui/tokens.css';

const BACKENDS: readonly BackendChoice[] = ['auto', 'webgpu', 'wasm'];

const address = new URLSearchParams(location.search);
const asked = address.get('backend');
const store = createStudioStore(onNextFrame);
const scorer = new Scorer(openScorerWorker);
const threads = threadsAsked(address.get('threads'));
const session = new Session({
  store,
  openTrainer: openTrainerWorker,
  openDatasets: openDatasetWorker,
  backend: BACKENDS.find((backend) => backend === asked) ?? 'auto',
  threads: threads instanceof StudioError ? undefined : threads,
  memory: localStorage,
});

if (threads instanceof StudioError) session.voice.fail(threads);

createRoot(document.getElementById('root')!).render(
  <StudioContext value={{ store, session, scorer }}>
    <App />
  </StudioContext>,
);

const ready = session.boot();
ready.catch(() => {}); // shown on the page; `crpoStudio.ready` rejects for whoever waits on it
window.crpoStudio = createAutomation(session, ready);
