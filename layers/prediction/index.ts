export { formatProbability, weighPositive } from './classes.ts';
export { createModelProvider, type ModelProvider, removeDownload } from './current-model.ts';
export {
  type Bins,
  binsOf,
  type CountedPrediction,
  countBins,
  countClasses,
  type Feature,
  listBinMetrics,
  nameClassMetric,
} from './distribution.ts';
export {
  createTimeline,
  findDevice,
  type LoadedModel,
  loadModel,
  type OpenClassifier,
  type Timeline,
} from './loaded-model.ts';
export {
  ConfigurationError,
  collectProblems,
  countProcessors,
  type Environment,
  type ModelSettings,
  type Report,
  readLogLevel,
  readModelSettings,
  readStore,
  readSwitch,
} from './model-settings.ts';
export { createWatch, type Watch } from './pointer-watch.ts';
export { type FailedRecord, type ResultRecord, type ScoredRecord, scoreRecord, type TextRecord } from './record.ts';
export { chooseModel, type ServedModel } from './served-model.ts';
export { findTextFault, maxCharacters } from './text-fault.ts';
export {
  loadInference,
  type Prediction,
  type PredictionParameters,
  predictText,
  type TimedPrediction,
} from './text-prediction.ts';
