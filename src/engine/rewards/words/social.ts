/** Social history: habits, exposures, travel. A line per concept; concepts.ts says how a line reads. */
export const SOCIAL = {
  smoking:
    'smoking | smoke | smokes | smoked | smoker | cigarettes | tobacco | pack year | pack years | packs of cigarettes | pack of cigarettes | ~nonsmoker | ~non smoker | ~does not smoke',
  alcohol:
    'alcohol | drink alcohol | drinks beer | drinks wine | beers | wine | alcoholic | alcoholism | alcohol abuse | alcohol use disorder | binge drinking | drinking',
  'drug use':
    'illicit drugs | illicit drug | drug use | intravenous drug | cocaine | heroin | methamphetamine | marijuana | iv drug | injection drug',
  'sexual activity':
    'sexually active | sexual activity | sexual partners | multiple partners | unprotected sex | unprotected intercourse | new partner | sexual partner',
  condoms: 'condoms | condom',
  travel:
    'travel | traveled | trip to | returned from | recent travel | camping trip | hiking | hiking trip | camping | vacation',
  immigrant: 'immigrated | immigrant | emigrated | moved from',
  homeless: 'homeless | homelessness',
  'animal exposure':
    'bee sting | insect bite | cat | dog | bird | birds | bat | tick | tick bite | petting zoo | farm | animal bite | dog bite | cat bite | pigeons',
} as const;
